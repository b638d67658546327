"""A picture as half blocks."""

from __future__ import annotations

import io
from typing import Literal

import pytest
from PIL import Image
from rich.console import Console

from bot.frontends.console.blocks import UPPER_HALF, HalfBlocks, shows_pictures

RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)


def png(width: int, height: int, *colours: tuple[int, int, int]) -> bytes:
    image = Image.new("RGB", (width, height))
    for index, colour in enumerate(colours):
        image.putpixel((index % width, index // width), colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def terminal(system: Literal["standard", "256", "truecolor"], width: int = 80, height: int = 40) -> Console:
    return Console(
        file=io.StringIO(), force_terminal=True, color_system=system, width=width, height=height, _environ={}
    )


def printed(console: Console, picture: HalfBlocks) -> str:
    console.print(picture)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_each_cell_shows_two_pixels_one_above_the_other() -> None:
    text = printed(terminal("truecolor"), HalfBlocks(png(2, 2, RED, BLUE, GREEN, WHITE)))
    assert text == (
        f"\x1b[38;2;255;0;0;48;2;0;255;0m{UPPER_HALF}\x1b[0m\x1b[38;2;0;0;255;48;2;255;255;255m{UPPER_HALF}\x1b[0m\n"
    )


def test_a_terminal_with_256_colours_gets_the_nearest_of_them() -> None:
    text = printed(terminal("256"), HalfBlocks(png(1, 2, RED, BLUE)))
    assert text == f"\x1b[38;5;196;48;5;21m{UPPER_HALF}\x1b[0m\n"


@pytest.mark.parametrize(
    ("size", "width", "height", "cells"),
    [
        ((64, 64), 80, 50, (64, 32)),
        ((512, 512), 80, 50, (64, 32)),
        ((64, 64), 20, 50, (20, 10)),
        ((64, 64), 80, 14, (20, 10)),
    ],
)
def test_a_picture_keeps_its_shape_within_the_terminal(
    size: tuple[int, int], width: int, height: int, cells: tuple[int, int]
) -> None:
    lines = printed(terminal("truecolor", width, height), HalfBlocks(png(*size))).splitlines()
    assert (lines[0].count(UPPER_HALF), len(lines)) == cells


def test_pictures_are_shown_only_where_colours_are() -> None:
    assert shows_pictures(terminal("truecolor"))
    assert shows_pictures(terminal("256"))
    assert not shows_pictures(terminal("standard"))
    assert not shows_pictures(Console(file=io.StringIO(), _environ={}))
    assert not shows_pictures(Console(file=io.StringIO(), force_terminal=True, _environ={"NO_COLOR": "1"}))
