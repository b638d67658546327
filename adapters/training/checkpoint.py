"""The state of a run on disk, complete enough that going on gives the same losses as never having stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from adapters.training.recipe import Recipe, RecipeError

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(folder: Path, recipe: Recipe, state: dict[str, Any]) -> None:
    """Replaces the last checkpoint in one move, so that a kill leaves the old one or the new one."""
    unfinished = folder / f"{CHECKPOINT}.unfinished"
    torch.save(state | {"recipe": recipe.model_dump(mode="json")}, unfinished)
    unfinished.replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, recipe: Recipe, device: torch.device) -> dict[str, Any]:
    """The last checkpoint; raises RecipeError where there is none or it is of another recipe."""
    file = folder / CHECKPOINT
    if not file.exists():
        raise RecipeError(f"{file}: no checkpoint to resume from")
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    before, now = state["recipe"], recipe.model_dump(mode="json")
    if changed := [key for key in now if now[key] != before.get(key)]:
        raise RecipeError(f"{file}: the recipe has changed since ({', '.join(changed)}); train without --resume")
    return state
