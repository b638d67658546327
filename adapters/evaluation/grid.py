"""Pictures of one size in rows, with a name before each row and a text over each column."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from PIL import Image, ImageDraw

from adapters.evaluation.evaluate import FIRST_SEED, Evaluation
from adapters.training.output import sheet

SMALL, LARGE = 64, 256
"""Pictures up to the one, in pixels, are shown twice as large; those beyond the other in its size."""
LETTER, LINE = 6, 12
"""Width and height of a letter of Pillow's font, in pixels."""


def labelled(rows: Sequence[Sequence[Image.Image]], names: Sequence[str], texts: Sequence[str]) -> Image.Image:
    """The grid with its labels, on white."""
    side = rows[0][0].width
    if side > LARGE:
        rows = [[picture.resize((LARGE, LARGE), Image.Resampling.LANCZOS) for picture in row] for row in rows]
    grid = sheet(rows, 2 if side <= SMALL else 1)
    wide, high = grid.width / len(texts), grid.height / len(rows)
    columns = [textwrap.wrap(text, int(wide / LETTER) - 1) for text in texts]
    left, top = LETTER * max(map(len, names)) + 12, LINE * max(map(len, columns)) + 6
    canvas = Image.new("RGB", (grid.width + left, grid.height + top), "white")
    canvas.paste(grid, (left, top))
    pen = ImageDraw.Draw(canvas)
    for number, name in enumerate(names):
        pen.text((6, top + (number + 0.5) * high - LINE / 2), name, fill="black")
    for number, lines in enumerate(columns):
        pen.multiline_text((left + 6 + number * wide, 2), "\n".join(lines), fill="black", spacing=1)
    return canvas


def comparison(evaluation: Evaluation, seeds: int) -> Image.Image:
    """The held-out pictures, then for each of the first seeds a row before and one after."""
    rows, names = [evaluation.references], ["held out"]
    for number, pair in enumerate(zip(*evaluation.drawn, strict=True)):
        if number < seeds:
            rows += pair
            names += [f"{who}, {FIRST_SEED + number}" for who in ("base", evaluation.adapter.name)]
    return labelled(rows, names, evaluation.captions)
