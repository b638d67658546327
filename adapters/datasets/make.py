"""Draws the shipped data sets anew: ``python -m adapters.datasets.make``. Needs the training extra and npm's icon sets.

Equal code gives equal pictures. What comes out is committed, so nobody needs to run this to train.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from adapters.datasets.kancil import draw_kancil
from adapters.datasets.landscape import draw_landscape
from adapters.datasets.paint import Drawn, Sprites
from adapters.datasets.retro import draw_retro
from adapters.registry import SHIPPED
from engine.nano.sprites import SpritesMissingError

STYLES: dict[str, Callable[[Sprites], Iterator[Drawn]]] = {
    "kancil": draw_kancil,
    "retro": draw_retro,
    "landscape": draw_landscape,
}
HELD_OUT = {"kancil": 10, "retro": 10, "landscape": 10}
"""Pictures of each set that are for testing."""
SPLIT_SEED = 777


def write_dataset(style: str, sprites: Sprites, folder: Path) -> None:
    """Pictures ``NN.webp``, without loss, and ``captions.csv`` (file, caption, split) of that style."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = list(STYLES[style](sprites))
    held_out = set(Random(SPLIT_SEED).sample(range(len(drawn)), HELD_OUT[style]))
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "caption", "split"))
        for number, one in enumerate(drawn):
            name = f"{style}-{number:02}.webp"
            one.picture.save(folder / name, lossless=True, quality=75)
            writer.writerow((name, one.caption, "test" if number in held_out else "train"))


def main(cache: Annotated[Path, typer.Option(help="Folder of the icon sets.")] = Path("data/icons")) -> None:
    """Draw all of them."""
    try:
        sprites = Sprites(cache)
        for style in STYLES:
            write_dataset(style, sprites, SHIPPED / style / "dataset")
    except SpritesMissingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(main)
