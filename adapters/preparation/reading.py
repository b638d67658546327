"""Opens the pictures that people have: rotated by EXIF, CMYK, 16 bits a channel, transparent, animated, cut off."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from adapters.manifest import AdapterError
from adapters.preparation.finding import formats, unopened
from adapters.preparation.metadata import without_metadata

LARGEST = 200_000_000
"""Pixels; a larger picture is taken for an attack."""
SPARE = 3
"""A picture that is read for a resolution keeps at least so many pixels for each one of its shorter side."""
ROWS = 256
"""Rows of a picture with more than 8 bits a channel that are converted at once."""
CHANNELS = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Modes of Pillow in which pixels can be averaged."""
DAMAGED = "its metadata is damaged and was left out"
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, TypeError, RuntimeError),
    *(LookupError, ArithmeticError, struct.error),
)
"""What Pillow raises of damaged files."""
UPRIGHT = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by its orientation tag."""
ON_ITS_SIDE = {UPRIGHT[tag] for tag in (5, 6, 7, 8)}
"""Turns that exchange width and height."""


class Unreadable(AdapterError):
    """The file is no whole picture, or none that can be opened here; ``reason`` says in a few words why."""

    def __init__(self, file: Path, reason: str, kind: str = "broken") -> None:
        super().__init__(f"{file}: {reason}")
        self.reason = f"{kind}: {reason}"


@dataclass(frozen=True)
class Reading:
    """A picture upright in 8-bit RGB, its size in the file, and what the reader should know of it."""

    picture: Image.Image
    size: tuple[int, int]
    notes: tuple[str, ...] = ()


def read_picture(file: Path) -> Image.Image:
    """The picture upright in 8-bit RGB, transparency on white, the first frame of several. Raises Unreadable."""
    return read(file).picture


def read(file: Path, resolution: int | None = None) -> Reading:
    """The picture, with what was lost on the way; smaller if that is enough for ``resolution``. Raises Unreadable."""
    with _refusals(file), _opened(file) as (opened, stripped):
        return _read(file, opened, resolution, (DAMAGED,) if stripped else ())


def read_size(file: Path) -> tuple[int, int]:
    """Width and height as the file says, which may lie on its side. Raises Unreadable."""
    with _refusals(file), _opened(file) as (opened, _):
        return opened.size


@contextmanager
def _refusals(file: Path) -> Iterator[None]:
    """Says nothing of what Pillow warns of; what it raises becomes Unreadable."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Image.DecompressionBombError:
            raise Unreadable(file, "too large to be a picture") from None
        except UNREADABLE as error:
            if reason := unopened(file):
                raise Unreadable(file, reason, "not opened") from None
            broken = "truncated" if "truncated" in str(error) else "not a picture that can be read"
            raise Unreadable(file, broken) from None


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Image.Image, bool]]:
    """The file as Pillow opens it, and whether its metadata had to be taken out first."""
    known = formats()
    try:
        opened, stripped = Image.open(file, formats=known), False
    except UNREADABLE:
        data = without_metadata(file.read_bytes())
        if not data:
            raise
        opened, stripped = Image.open(BytesIO(data), formats=known), True
    with opened:
        yield opened, stripped


def _read(file: Path, opened: Image.Image, resolution: int | None, notes: tuple[str, ...]) -> Reading:
    if opened.width * opened.height > LARGEST:
        raise Unreadable(file, f"{opened.width}x{opened.height} is too large")
    whole, least = opened.size, resolution and resolution * SPARE
    frames = _frames(opened)
    drafted = opened.draft(None, (least, least)) if least else None
    try:
        opened.load()
    except UNREADABLE:
        if getattr(opened, "tile", True):  # empty once all pixels are decoded
            raise
        notes = (DAMAGED,)
    size = whole if drafted else opened.size
    turn, damage = _turn(opened)
    picture = to_rgb(opened, least)
    if turn is not None:
        picture, size = picture.transpose(turn), size[::-1] if turn in ON_ITS_SIDE else size
    remarks = dict.fromkeys((*notes, damage, f"only the first of its {frames} frames" if frames > 1 else ""))
    return Reading(picture, size, tuple(filter(None, remarks)))


def _frames(opened: Image.Image) -> int:
    """How many pictures the file has; 1 if that cannot be told."""
    try:
        return int(getattr(opened, "n_frames", 1))
    except UNREADABLE:
        return 1


def _turn(opened: Image.Image) -> tuple[Image.Transpose | None, str]:
    """What turns the loaded picture upright, and whether the metadata that should say so is damaged."""
    try:
        orientation = opened.getexif().get(ExifTags.Base.Orientation) or 1
        return UPRIGHT[orientation], ""
    except UNREADABLE:
        return None, DAMAGED


def to_rgb(picture: Image.Image, least: int | None = None) -> Image.Image:
    """Any mode as 8-bit RGB, transparency on white; made smaller on the way, but with ``least`` pixels a side."""
    if picture.mode.startswith(("I", "F")):
        picture = _to_grey(picture)
    elif picture.mode not in CHANNELS or "transparency" in picture.info:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if least and (factor := min(picture.size) // least) > 1:
        picture = picture.reduce(factor)
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _to_grey(picture: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or of floating point, as 8 bits, some rows at a time."""
    strips = [(top, min(top + ROWS, picture.height)) for top in range(0, picture.height, ROWS)]

    def values(top: int, bottom: int) -> npt.NDArray[np.float32]:
        return np.nan_to_num(np.asarray(picture.crop((0, top, picture.width, bottom)), dtype=np.float32))

    white = 65535.0 if picture.mode.startswith("I") else 1.0
    if picture.mode in ("I", "F"):
        white = max(white, *(float(values(*strip).max()) for strip in strips))
    grey = np.empty((picture.height, picture.width), dtype=np.uint8)
    for top, bottom in strips:
        grey[top:bottom] = (values(top, bottom) * (255 / white)).clip(0, 255).round()
    return Image.fromarray(grey)


def squared(picture: Image.Image, resolution: int) -> Image.Image:
    """The middle square at the resolution."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return square.resize((resolution, resolution), Image.Resampling.LANCZOS)


def padded(picture: Image.Image, resolution: int) -> Image.Image:
    """The whole picture in the middle of a white square at the resolution."""
    side = max(picture.size)
    square = Image.new("RGB", (side, side), "white")
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2))
    return square.resize((resolution, resolution), Image.Resampling.LANCZOS)
