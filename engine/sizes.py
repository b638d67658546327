"""Which size the model draws when a size is asked. Imports no torch."""

from __future__ import annotations

import math
import re

from engine.errors import BadRequest
from engine.protocol import SIDE

MEGABYTE = 1 << 20
"""Bytes of a megabyte, as memory is counted everywhere."""

DIRECT = 1.5
"""Up to this factor beyond the model's native side (by area, squared) it draws the asked size itself."""
STEP = 8
Size = tuple[int, int]
"""Width and height, pixels."""


def parse_size(text: str | None, native: int) -> Size:
    """``512x768``, or the native square for ``auto`` and None.

    :raises BadRequest: saying what is valid.
    """
    if text is None or text.strip().lower() == "auto":
        return native, native
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*", text, re.ASCII)
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not match or any(not SIDE[0] <= side <= SIDE[1] or side % STEP for side in sides):
        raise BadRequest(
            f"size must be 'auto' or WIDTHxHEIGHT with both sides multiples of {STEP} from {SIDE[0]} to {SIDE[1]}, "
            "for example '512x512'.",
            param="size",
        )
    return sides


def drawn_size(asked: Size, native: int) -> Size:
    """The asked size where the model can draw it, otherwise about the native area with the same aspect.

    A model repeats its subject far beyond its native area, so more is enlarged from a drawing at native area. Both
    sides are multiples of 8; among those, the one closest in aspect, then in area.
    """
    width, height = asked
    if width * height <= (DIRECT * native) ** 2:
        return asked
    short, long = sorted(asked)
    shrink = native / math.sqrt(short * long)
    centre = max(round(short * shrink / STEP), native // (4 * STEP), 1)
    candidates = [
        (side * STEP, max(round(side * long / short), 1) * STEP) for side in range(max(centre - 1, 1), centre + 2)
    ]
    best = min(candidates, key=lambda pair: _distance(pair, long / short, native))
    return best if width <= height else (best[1], best[0])


def _distance(pair: Size, aspect: float, native: int) -> float:
    short, long = pair
    return abs(math.log(long / short / aspect)) + 0.1 * abs(math.log(short * long / native**2))


def size_text(size: Size) -> str:
    """``512x768``."""
    return f"{size[0]}x{size[1]}"
