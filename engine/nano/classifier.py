"""Tell subjects apart by shape: histograms of oriented gradients (Dalal & Triggs 2005) and a ridge regression.

It never sees a drawn picture while it is fitted, only composites of the training sprites, so what it recognises in
a drawn picture is the shape of the sprite.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from engine.nano.compose import choose
from engine.nano.concepts import FAVOURITES, concepts
from engine.nano.dataset import SceneSampler

Floats = npt.NDArray[np.float64]

FITTED = Path(__file__).parent / "classifier.safetensors"  #: the shipped classifier
#: What it tells apart.
SUBJECTS = (
    *FAVOURITES,
    *("cat", "elephant", "rabbit", "dragon", "robot", "princess", "house", "tree", "car", "sailboat"),
)
SIDE = 64  #: of the pictures that it looks at, pixels; others are scaled
CELL = 8  #: pixels
BINS = 9  #: orientations from 0 to 180 degrees
RIDGE = 3.0
PER_SUBJECT = 300  #: composites that it is fitted to


def features(pictures: list[Image.Image]) -> Floats:
    """(rows, 64 cells x 9 orientations + 1): each cell's gradients by orientation, relative to its neighbourhood."""
    small = [picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX) for picture in pictures]
    pixels = np.stack([np.asarray(picture, float) / 255 for picture in small])
    down, across = np.gradient(pixels, axis=(1, 2))
    strongest = np.expand_dims((down**2 + across**2).argmax(-1), -1)
    down, across = (np.take_along_axis(part, strongest, -1)[..., 0] for part in (down, across))
    size, angle = np.hypot(down, across), np.arctan2(down, across) % np.pi
    cells = np.zeros((len(pixels), SIDE // CELL, SIDE // CELL, BINS))
    for orientation in range(BINS):
        chosen = size * (np.minimum(angle / np.pi * BINS, BINS - 1).astype(int) == orientation)
        cells[..., orientation] = chosen.reshape(len(pixels), SIDE // CELL, CELL, SIDE // CELL, CELL).sum((2, 4))
    energy = np.pad((cells**2).sum(-1), ((0, 0), (1, 1), (1, 1)))
    around = sum(energy[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3))
    flat = np.minimum(cells / np.sqrt(around + 0.1)[..., None], 0.4).reshape(len(pixels), -1)
    return np.concatenate([flat, np.ones((len(flat), 1))], 1)


@dataclass(frozen=True)
class Classifier:
    """``weights`` (features, ``SUBJECTS``) score each subject; the highest score wins."""

    weights: Floats

    def best(self, pictures: list[Image.Image]) -> list[str]:
        """The subject of each picture."""
        return [SUBJECTS[index] for index in (features(pictures) @ self.weights).argmax(1)]

    def save(self, path: Path) -> None:
        """Write fp32 safetensors."""
        save_file({"weights": torch.from_numpy(self.weights).float()}, path)


def load_classifier(path: Path = FITTED) -> Classifier:
    """The classifier as ``save`` wrote it."""
    return Classifier(load_file(path)["weights"].double().numpy())


def composites(studio: SceneSampler, subject: str, rows: int, rng: Random) -> list[Image.Image]:
    """Training-like pictures of one subject: any place, plain background or tint; half of them softened."""
    number = [concept.name for concept in concepts()].index(subject)
    pictures: list[Image.Image] = []
    while len(pictures) < rows:
        scene = choose(rng, [len(sprites) for sprites in studio.sprites], number)
        picture = studio.picture(scene, rng)
        if rng.random() < 0.5:
            side = rng.randint(24, 48)
            picture = picture.resize((side, side), Image.Resampling.BOX).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        pictures.append(picture)
    return pictures


def fit(studio: SceneSampler, seed: int = 0) -> Classifier:
    """Ridge regression of one-hot subjects on the features of fresh composites."""
    rng = Random(seed)
    rows = np.concatenate([features(composites(studio, subject, PER_SUBJECT, rng)) for subject in SUBJECTS])
    target = np.repeat(np.eye(len(SUBJECTS)), PER_SUBJECT, 0)
    return Classifier(np.linalg.solve(rows.T @ rows + RIDGE * np.eye(rows.shape[1]), rows.T @ target))
