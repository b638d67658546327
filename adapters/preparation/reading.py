"""Opens the pictures that people have: rotated by EXIF, CMYK, 16 bits a channel, transparent, animated, cut off."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from adapters.manifest import AdapterError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
LARGEST = 200_000_000
"""Pixels; a larger picture is taken for an attack."""


class Unreadable(AdapterError):
    """The file is no whole picture; ``reason`` says in a few words why."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = reason


def find_pictures(folder: Path) -> list[Path]:
    """All picture files in the folder and below it, in order of their paths."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())


def read_picture(file: Path) -> Image.Image:
    """The picture upright in 8-bit RGB, transparency on white, the first frame of several. Raises Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as opened:
                if opened.width * opened.height > LARGEST:
                    raise Unreadable(file, f"{opened.width}x{opened.height} is too large")
                opened.load()
                return to_rgb(ImageOps.exif_transpose(opened))
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError) as error:
        cut = "truncated" in str(error)
        raise Unreadable(file, "truncated" if cut else "not a picture that can be read") from None


def to_rgb(picture: Image.Image) -> Image.Image:
    """Any mode as 8-bit RGB."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, dtype=np.float64)
        top = 65535.0 if picture.mode.startswith("I") else max(1.0, float(values.max()))
        return Image.fromarray((values * 255 / top).clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")


def squared(picture: Image.Image, resolution: int) -> Image.Image:
    """The middle square at the resolution."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return square.resize((resolution, resolution), Image.Resampling.LANCZOS)
