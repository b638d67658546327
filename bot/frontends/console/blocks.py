"""A picture in a terminal: each character cell shows two pixels, the upper half block over its background."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

UPPER_HALF = "▀"
COLUMNS = 64
"""Widest picture: as many columns as nano draws pixels."""


@dataclass(frozen=True, slots=True)
class HalfBlocks:
    """``png`` at ``columns`` or fewer, and never taller than the terminal less four lines."""

    png: bytes
    columns: int = COLUMNS

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _segments(_fitted(self.png, min(self.columns, options.max_width), 2 * (options.size.height - 4)))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(min(self.columns, options.max_width), min(self.columns, options.max_width))


def shows_pictures(console: Console) -> bool:
    """Whether a picture would be recognised: a terminal with 256 colours or more, and NO_COLOR not set."""
    return console.is_terminal and not console.no_color and console.color_system in {"256", "truecolor"}


def _fitted(png: bytes, width: int, height: int) -> Image.Image:
    """The picture within ``width`` x ``height`` pixels, never enlarged; its height is even."""
    with Image.open(io.BytesIO(png)) as image:
        picture = image.convert("RGB")
    scale = min(1.0, width / picture.width, max(2, height) / picture.height)
    size = (max(1, round(picture.width * scale)), max(2, round(picture.height * scale / 2) * 2))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BOX)


def _segments(picture: Image.Image) -> Iterator[Segment]:
    pixels = picture.tobytes()
    row = 3 * picture.width
    for y in range(0, picture.height, 2):
        for x in range(0, row, 3):
            upper, lower = y * row + x, (y + 1) * row + x
            style = Style(color=_colour(pixels, upper), bgcolor=_colour(pixels, lower))
            yield Segment(UPPER_HALF, style)
        yield Segment.line()


def _colour(pixels: bytes, at: int) -> Color:
    return Color.from_rgb(*pixels[at : at + 3])
