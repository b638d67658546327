"""What the three looks share: sprites, scenes at double size, outlines, noise and colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from engine.nano.scenery import Colour
from engine.nano.sprites import draw_icon, fetch_sets

PICTURE = 64
CANVAS = 128
"""Everything is painted at double size and halved at the end."""

Pixels = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Drawn:
    """A finished picture and what it shows."""

    picture: Image.Image
    caption: str


class Sprites:
    """Icons of the emoji sets by ``set/name``."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    @cached_property
    def _sets(self) -> dict[str, Any]:
        return fetch_sets(self._cache)

    def icon(self, name: str, height: int) -> Image.Image:
        """The icon ``set/name``, its longer side ``height`` pixels."""
        icon_set, _, icon = name.partition("/")
        sprite = draw_icon(self._sets[icon_set], icon)
        if sprite is None:
            raise LookupError(f"no usable icon {name}")
        scale = height / max(sprite.size)
        size = (max(1, round(sprite.width * scale)), max(1, round(sprite.height * scale)))
        return sprite.resize(size, Image.Resampling.LANCZOS)


def grown(mask: Image.Image, by: int) -> Image.Image:
    """The mask grown by so many pixels."""
    return mask.filter(ImageFilter.MaxFilter(2 * by + 1))


def paste_outlined(
    canvas: Image.Image,
    sprite: Image.Image,
    place: tuple[int, int],
    colour: Colour,
    *,
    width: int,
    softness: float = 0.0,
) -> None:
    """Pastes the sprite with its left top at ``place``, an outline of that colour and width around it."""
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


def clouds(rng: Random, cells: int, side: int = CANVAS) -> Pixels:
    """Smooth noise from -1 to 1, about ``cells`` blobs across."""
    numbers = np.random.default_rng(rng.getrandbits(32)).uniform(0, 255, (cells, cells)).astype(np.uint8)
    smooth = Image.fromarray(numbers).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float32) / 127.5 - 1


def halved(canvas: Image.Image) -> Image.Image:
    """The canvas at the size of a picture."""
    return canvas.resize((PICTURE, PICTURE), Image.Resampling.LANCZOS)
