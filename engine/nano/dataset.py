"""The training pictures on disk: ``pictures.npy`` (rows, 128, 128, 3; uint8) and ``scenes.json``, one scene a row."""

import json
import string
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.nano.compose import choose, draw
from engine.nano.concepts import concepts
from engine.nano.scene_captions import Scene
from engine.nano.sprites import draw_concept, fetch_sets

Pixels = npt.NDArray[np.uint8]
ROWS = 20_000
CHUNK = 1_000


class SceneSampler:
    """Draws scenes; holds every concept's sprites."""

    def __init__(self, sets: dict[str, Any]) -> None:
        self.sprites = [draw_concept(sets, concept) for concept in concepts()]
        empty = [concept.name for concept, sprites in zip(concepts(), self.sprites, strict=True) if not sprites]
        if empty:
            raise ValueError(f"no icon shows: {', '.join(empty)}")

    def chunk(self, seed: int, rows: int) -> tuple[Pixels, list[Scene]]:
        """``rows`` random pictures and what they show; equal seeds give equal pictures."""
        rng = Random(seed)
        scenes = [choose(rng, [len(sprites) for sprites in self.sprites]) for _ in range(rows)]
        return np.stack([np.asarray(self.picture(scene, rng)) for scene in scenes]), scenes

    def picture(self, scene: Scene, rng: Random) -> Image.Image:
        """One scene as 128x128 RGB."""
        return draw(scene, [] if scene.concept is None else self.sprites[scene.concept], rng)


def build_dataset(folder: Path, cache: Path, rows: int = ROWS, seed: int = 0) -> None:
    """Draw ``rows`` pictures into ``folder`` unless they are there; the icon sets come from ``cache``."""
    if (folder / "scenes.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    sets = fetch_sets(cache)
    seeds = range(seed, seed + rows // CHUNK)
    with ProcessPoolExecutor(2, initializer=open_studio, initargs=(sets,)) as pool:
        drawn = list(pool.map(draw_chunk, seeds))
    np.save(folder / "pictures.npy", np.concatenate([pixels for pixels, _ in drawn]))
    scenes = [asdict(scene) for _, chunk in drawn for scene in chunk]
    (folder / "scenes.json").write_text(json.dumps(scenes))


_studio: list[SceneSampler] = []


def open_studio(sets: dict[str, Any]) -> None:
    """Give a worker process its sprites."""
    _studio.append(SceneSampler(sets))


def draw_chunk(seed: int) -> tuple[Pixels, list[Scene]]:
    """Draw one chunk in a worker process."""
    return _studio[0].chunk(seed, CHUNK)


def load_dataset(folder: Path) -> tuple[Pixels, list[Scene]]:
    """Pictures (memory-mapped) and scenes."""
    scenes = [Scene(**row) for row in json.loads((folder / "scenes.json").read_text())]
    return np.load(folder / "pictures.npy", mmap_mode="r"), scenes


def noise_words(vocabulary: dict[str, int]) -> list[str]:
    """Whole English-looking words of the tokenizer that name nothing in the concept table."""
    known = {word for concept in concepts() for name in concept.english + concept.indonesian for word in name.split()}
    letters = set(string.ascii_lowercase)
    words = (token.removesuffix("</w>") for token in vocabulary if token.endswith("</w>"))
    return [word for word in words if len(word) > 2 and set(word) <= letters and word not in known]
