"""Draws the shipped data sets anew: ``python -m adapters.datasets.make``. Needs the training extra and npm's icon sets.

Equal code gives equal pictures. What comes out is committed, so nobody needs to run this to train.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from adapters.datasets import kancil, landscape, retro
from adapters.datasets.distinct import Distinct
from adapters.datasets.paint import Drawn, Sprites
from adapters.registry import SHIPPED
from engine.nano.sprites import SpritesMissingError


@dataclass(frozen=True)
class Style:
    """How a style's pictures are drawn: the fifty, and one more of a subject, its surroundings left to chance."""

    draw: Callable[[Sprites], Iterator[Drawn]]
    draw_another: Callable[[Random, Sprites, str], Drawn]


STYLES = {
    "kancil": Style(kancil.draw_kancil, kancil.draw_another),
    "retro": Style(retro.draw_retro, retro.draw_another),
    "landscape": Style(landscape.draw_landscape, landscape.draw_another),
}
HELD_OUT = {"kancil": 10, "retro": 10, "landscape": 10}
"""Pictures of each set that are for testing."""
SPLIT_SEED = 777


def write_dataset(style: str, sprites: Sprites, folder: Path) -> None:
    """Pictures ``NN.webp``, without loss, and ``captions.csv`` (file, caption, split) of that style."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, drawn = Random(SPLIT_SEED), list(STYLES[style].draw(sprites))
    held_out = set(rng.sample(range(len(drawn)), HELD_OUT[style]))
    give_own_captions(drawn, held_out, partial(STYLES[style].draw_another, rng, sprites))
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "caption", "split"))
        for number, one in enumerate(drawn):
            name = f"{style}-{number:02}.webp"
            one.picture.save(folder / name, lossless=True, quality=75)
            writer.writerow((name, one.caption, "test" if number in held_out else "train"))


def give_own_captions(drawn: list[Drawn], held_out: Iterable[int], draw_another: Callable[[str], Drawn]) -> None:
    """Replaces each held-out picture whose caption another one has too by one of the same subject with a new caption.

    So training has seen no held-out caption, and an evaluation asks for each of them once.
    """
    captions = [one.caption for one in drawn]
    distinct = Distinct()
    for one in drawn:
        distinct.is_new(one)
    for number in sorted(held_out, reverse=True):
        if captions.count(captions[number]) > 1:
            others = iter(partial(draw_another, drawn[number].subject), None)
            drawn[number] = next(one for one in others if one.caption not in captions and distinct.is_new(one))
            captions[number] = drawn[number].caption


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
