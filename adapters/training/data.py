"""Pictures and captions of a training run, encoded once: latents as the VAE's means and deviations."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageEnhance

from adapters.captions import CAPTIONS, DataError, read_rows
from adapters.preparation.reading import read_picture, squared
from adapters.training.base import Base
from adapters.training.recipe import Augmentation

ENCODED_AT_ONCE = 8


@dataclass(frozen=True)
class Example:
    """A picture and what it shows."""

    file: Path
    caption: str


@dataclass(frozen=True)
class Latents:
    """VAE posteriors of the training set: ``mean`` and ``deviation`` of every variant of each picture, already scaled,
    shape (pictures * variants, 4, height, width), and one prompt for each row."""

    mean: torch.Tensor
    deviation: torch.Tensor
    prompts: tuple[str, ...]
    variants: int

    @property
    def pictures(self) -> int:
        return len(self.prompts) // self.variants


def read_examples(folder: Path, split: str = "train") -> list[Example]:
    """The pictures of that split with their captions. Raises DataError where there are none."""
    examples = []
    for row in read_rows(folder):
        if row.split != split:
            continue
        file = folder / row.file
        if not file.is_file():
            raise DataError(f"{folder / CAPTIONS}: no file {file}")
        examples.append(Example(file, row.caption))
    if not examples:
        raise DataError(f"{folder / CAPTIONS}: no row is of the split {split!r}")
    return examples


def encode_examples(
    base: Base, examples: Sequence[Example], resolution: int, augmentation: Augmentation | None, seed: int
) -> Latents:
    """Every variant of every picture as latents; the same seed gives the same ones."""
    variants = augmentation.variants if augmentation else 1
    pictures, prompts = [], []
    for index, example in enumerate(examples):
        picture = read_picture(example.file)
        for variant in range(variants):
            rng = random.Random(f"{seed} {index} {variant}")
            changed = augment(picture, augmentation, rng) if augmentation else picture
            pictures.append(squared(changed, resolution))
            prompts.append(example.caption)
    return encode_pictures(base, pictures, prompts, variants)


def encode_pictures(base: Base, pictures: Sequence[Image.Image], prompts: Sequence[str], variants: int = 1) -> Latents:
    """Latents of square pictures that have their final size."""
    means, deviations = [], []
    vae = base.pipeline.vae
    with torch.no_grad():
        for start in range(0, len(pictures), ENCODED_AT_ONCE):
            pixels = torch.stack([to_tensor(picture) for picture in pictures[start : start + ENCODED_AT_ONCE]])
            posterior = vae.encode(pixels.to(base.device)).latent_dist
            means.append(posterior.mean * vae.config.scaling_factor)
            deviations.append(posterior.std * vae.config.scaling_factor)
    return Latents(torch.cat(means), torch.cat(deviations), tuple(prompts), variants)


def augment(picture: Image.Image, how: Augmentation, rng: random.Random) -> Image.Image:
    """A random part of the picture, perhaps mirrored, its colours jittered."""
    side = rng.uniform(how.smallest_crop, 1.0) ** 0.5
    width, height = round(picture.width * side), round(picture.height * side)
    left, top = rng.randint(0, picture.width - width), rng.randint(0, picture.height - height)
    changed = picture.crop((left, top, left + width, top + height))
    if rng.random() < how.flip:
        changed = changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for enhancer, spread in (
        (ImageEnhance.Brightness, how.brightness),
        (ImageEnhance.Contrast, how.contrast),
        (ImageEnhance.Color, how.saturation),
    ):
        factor = rng.uniform(1 - spread, 1 + spread)
        if spread:
            changed = enhancer(changed).enhance(factor)
    return changed


def to_tensor(picture: Image.Image) -> torch.Tensor:
    """RGB as (3, height, width) in [-1, 1]."""
    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return values.view(picture.height, picture.width, 3).permute(2, 0, 1).float() / 127.5 - 1


def batches(pictures: int, size: int, seed: int, start: int = 0) -> Iterator[list[int]]:
    """Endless batches of picture numbers from batch ``start`` on; every epoch is a new permutation."""
    order: list[int] = []
    epoch = -1
    for position in range(start * size, 1 << 62, size):
        batch = []
        for place in range(position, position + size):
            if place // pictures != epoch:
                epoch = place // pictures
                order = random.Random(f"{seed} {epoch}").sample(range(pictures), pictures)
            batch.append(order[place % pictures])
        yield batch
