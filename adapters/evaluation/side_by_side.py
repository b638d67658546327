"""A sheet with a row for the base and each style: ``python -m adapters.evaluation.side_by_side SHEET.webp``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.evaluation.grid import labelled
from adapters.evaluation.pictures import GUIDANCE_SCALE, STEPS, load_adapted
from adapters.manifest import PROMPT
from adapters.registry import SHIPPED, Registry
from adapters.reports.pictures import webp

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
"""The adapters; each is drawn as its style draws, at its weight and with its words about the prompt."""


def main(
    target: Annotated[Path, typer.Argument(help="WebP to write.")],
    folder: Annotated[Path, typer.Option(help="Folder of the adapters.")] = SHIPPED,
    seed: Annotated[int, typer.Option(help="The same for every picture.")] = 777,
) -> None:
    """Draw the same prompts at the same seed with the base and in each style."""
    drawn = [load_adapted(None, "nano").draw(PROMPTS, seed, STEPS, GUIDANCE_SCALE)]
    for name in NAMES:
        adapter = Registry([folder]).get(name)
        manifest = adapter.manifest
        model = load_adapted(adapter, "nano", manifest.style.weight if manifest.style else 1.0)
        worded = [manifest.frame.replace(PROMPT, prompt) for prompt in PROMPTS]
        drawn.append(model.draw(worded, seed, STEPS, GUIDANCE_SCALE))
    target.write_bytes(webp(labelled(drawn, ["base", *NAMES], PROMPTS)))


if __name__ == "__main__":
    typer.run(main)
