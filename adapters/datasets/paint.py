"""What the three looks share: nano's subjects where nano knows them, outlines, noise and colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from engine.nano.compose import FEET, FILL
from engine.nano.concepts import concepts
from engine.nano.ground import SOFT
from engine.nano.scenery import SIDE, Colour
from engine.nano.sprites import draw_concept, fetch_sets

Pixels = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Drawn:
    """A finished picture and what it shows."""

    picture: Image.Image
    subject: str
    rest: str
    """The rest of the caption: where the subject is, and when."""

    @property
    def caption(self) -> str:
        """In the words of the data set."""
        return f"{called(self.subject)} {self.rest}"


class Sprites:
    """The icons that nano learnt its subjects from, at the size in which it draws them.

    A style learnt from other shapes, sizes or places would cost the model the shapes that it has.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    @cached_property
    def _sets(self) -> dict[str, Any]:
        return fetch_sets(self._cache)

    def of(self, subject: str) -> list[Image.Image]:
        """All of a subject of ``concepts.txt``."""
        concept = next(concept for concept in concepts() if concept.name == subject)
        return [scaled(sprite, FILL * SIDE / max(sprite.size)) for sprite in draw_concept(self._sets, concept)]


def scaled(sprite: Image.Image, by: float) -> Image.Image:
    """The sprite so many times as large."""
    size = (max(1, round(sprite.width * by)), max(1, round(sprite.height * by)))
    return sprite.resize(size, Image.Resampling.LANCZOS)


def standing(sprite: Image.Image) -> tuple[int, int]:
    """The sprite's left top where nano's subjects stand."""
    return (SIDE - sprite.width) // 2, FEET - sprite.height


def called(subject: str) -> str:
    """The subject with its article."""
    return f"{'an' if subject[0] in 'aeiou' else 'a'} {subject}"


def grown(mask: Image.Image, by: int) -> Image.Image:
    """The mask grown by so many pixels."""
    return mask.filter(ImageFilter.MaxFilter(2 * by + 1))


def paste_outlined(
    canvas: Image.Image, sprite: Image.Image, colour: Colour, *, width: int, softness: float = 0.0
) -> None:
    """Pastes the sprite where it stands, an outline of that colour and width around it."""
    place = standing(sprite)
    alpha = Image.new("L", canvas.size)
    alpha.paste(sprite.getchannel("A"), place)
    solid = alpha.point(lambda value: 255 if value > 100 else 0)
    outline = grown(solid, width)
    if softness:
        outline = outline.filter(ImageFilter.GaussianBlur(softness))
    canvas.paste(colour, (0, 0), outline)
    canvas.paste(sprite, place, sprite)


def to_pixels(picture: Image.Image) -> Pixels:
    """RGB as (height, width, 3) from 0 to 1."""
    return np.asarray(picture.convert("RGB"), dtype=np.float32) / 255


def to_picture(pixels: Pixels) -> Image.Image:
    """The reverse of ``to_pixels``."""
    return Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8))


def clouds(rng: Random, cells: int) -> Pixels:
    """Smooth noise from -1 to 1, about ``cells`` blobs across."""
    numbers = np.random.default_rng(rng.getrandbits(32)).uniform(0, 255, (cells, cells)).astype(np.uint8)
    smooth = Image.fromarray(numbers).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / 127.5 - 1


def softened(canvas: Image.Image) -> Image.Image:
    """The canvas with its drawn edges as antialiasing would leave them."""
    return canvas.filter(ImageFilter.GaussianBlur(SOFT))
