"""A sheet with a row for the base and each adapter: ``python -m adapters.evaluation.side_by_side SHEET.png``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.evaluation.grid import labelled
from adapters.evaluation.pictures import load_adapted
from adapters.registry import SHIPPED, Registry

PROMPTS = (
    "a deer by the river",
    "a tiger",
    "a fox on a hill",
    "a castle in the mountains at sunset",
    "a ninja on a red background",
    "a wizard in the village",
    "a robot",
    "a volcano at night",
)
NAMES = ("kancil", "retro", "landscape")
"""The adapters; each is drawn at the weight of its style."""


def main(
    target: Annotated[Path, typer.Argument(help="PNG to write.")],
    folder: Annotated[Path, typer.Option(help="Folder of the adapters.")] = SHIPPED,
    seed: Annotated[int, typer.Option(help="The same for every picture.")] = 777,
) -> None:
    """Draw the same prompts at the same seed with the base and with each adapter; no trigger words are added."""
    adapters = [Registry([folder]).get(name) for name in NAMES]
    models = [load_adapted(None, "nano")]
    for adapter in adapters:
        style = adapter.manifest.style
        models.append(load_adapted(adapter, "nano", style.weight if style else 1.0))
    drawn = [model.draw(PROMPTS, seed, 25, 7.0) for model in models]
    labelled(drawn, ["base", *NAMES], PROMPTS).save(target, optimize=True)


if __name__ == "__main__":
    typer.run(main)
