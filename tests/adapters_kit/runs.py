"""Recipes for the tiny model, and their runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from adapters.registry import Adapter
from adapters.training.loop import Run, open_run

LORA = "[lora]\nrank = 4\n"
DREAMBOOTH = (
    '[dreambooth]\nclass_prompts = ["a wall"]\nclass_pictures = 2\nclass_steps = 2\n'
    "text_l2 = {l2}\nfreeze_embeddings = true\n"
)


def write_recipe(colours: Path, model: Path, method: str = LORA, **training: object) -> Path:
    settings = {"steps": 6, "batch_size": 2, "learning_rate": 2e-2, "min_snr_gamma": 5.0, "checkpoint_every": 2}
    lines = "\n".join(f"{key} = {value}" for key, value in (settings | training).items())
    file = colours.parent / "recipe.toml"
    file.write_text(f"""
base_model = "{model}"
[adapter]
name = "walls"
title = "Walls"
licence = "Apache-2.0"
trigger_words = ["wall"]
[adapter.style]
command = "wall"
[data]
folder = "{colours.name}"
resolution = 64
[data.augmentation]
variants = 2
flip = 0.5
brightness = 0.1
{method}
[training]
{lines}
""")
    return file


def start(recipe: Path, *, resume: bool = False) -> Run:
    return open_run(recipe, recipe.parent / "adapters", recipe.parent / "work", resume=resume)


def ignore(number: int, loss: float) -> None:
    """Watches nothing."""


def never() -> bool:
    return False


def after(calls: int) -> Callable[[], bool]:
    """Says stop at the given call."""
    asked = iter(range(1, calls + 1))
    return lambda: next(asked) == calls


def finish(recipe: Path, *, resume: bool = False) -> tuple[Run, Adapter]:
    run = start(recipe, resume=resume)
    run.go(ignore, never)
    return run, run.finish(recipe.parent / "adapters")
