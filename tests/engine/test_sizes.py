"""Which size is drawn when a size is asked."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.sizes import drawn_size, parse_size

SIDES = st.integers(8, 256).map(lambda side: side * 8)
NATIVES = st.sampled_from([64, 128, 512, 768])


@pytest.mark.parametrize(
    ("asked", "native", "drawn"),
    [
        ((64, 64), 64, (64, 64)),
        ((512, 512), 64, (64, 64)),
        ((512, 768), 64, (48, 72)),
        ((768, 512), 64, (72, 48)),
        ((512, 512), 512, (512, 512)),
        ((768, 768), 512, (768, 768)),
        ((1024, 1024), 512, (512, 512)),
        ((768, 768), 768, (768, 768)),
        ((1920, 1080), 512, (680, 384)),
    ],
)
def test_large_sizes_are_drawn_at_the_native_area(asked: tuple[int, int], native: int, drawn: tuple[int, int]) -> None:
    assert drawn_size(asked, native) == drawn


@given(width=SIDES, height=SIDES, native=NATIVES)
def test_the_drawing_keeps_aspect_and_stays_drawable(width: int, height: int, native: int) -> None:
    drawn = drawn_size((width, height), native)
    assert all(side % 8 == 0 and side > 0 for side in drawn)
    assert drawn[0] * drawn[1] <= 2.5 * native**2 or max(width, height) / min(width, height) > 8
    assert drawn == (width, height) or drawn[0] * drawn[1] < width * height
    step = 8 / min(drawn)
    assert abs(math.log(drawn[0] / drawn[1] * height / width)) <= step


@given(width=SIDES, height=SIDES)
def test_a_turned_picture_is_the_turned_drawing(width: int, height: int) -> None:
    assert drawn_size((height, width), 64) == drawn_size((width, height), 64)[::-1]


@pytest.mark.parametrize(
    ("text", "size"), [(None, (64, 64)), ("auto", (64, 64)), ("512x768", (512, 768)), (" 64X72 ", (64, 72))]
)
def test_a_size_is_read(text: str | None, size: tuple[int, int]) -> None:
    assert parse_size(text, 64) == size


@pytest.mark.parametrize("text", ["", "512", "63x64", "64x2056", "64x-64", "64x64x64", "a", "1e2x64"])
def test_a_wrong_size_is_refused_with_what_is_valid(text: str) -> None:
    with pytest.raises(BadRequest, match="multiples of 8 from 64 to 2048"):
        parse_size(text, 64)
