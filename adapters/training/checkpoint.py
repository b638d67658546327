"""The state of a run on disk, complete enough that going on gives the same losses as never having stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch

from adapters.training.recipe import Recipe, RecipeError
from engine.files import whole_file

CHECKPOINT = "checkpoint.pt"


def save_checkpoint(folder: Path, recipe: Recipe, state: dict[str, Any]) -> None:
    """Replaces the last checkpoint in one move, so that a kill leaves the old one or the new one."""
    with whole_file(folder / CHECKPOINT) as unfinished:
        torch.save(state | {"recipe": recipe.model_dump(mode="json")}, unfinished)


def load_checkpoint(folder: Path, recipe: Recipe, device: torch.device) -> dict[str, Any]:
    """The last checkpoint; raises RecipeError where there is none or it is of another recipe."""
    file = folder / CHECKPOINT
    if not file.exists():
        raise RecipeError(f"{file}: no checkpoint to resume from; train without --resume")
    if not is_zipfile(file):
        raise RecipeError(f"{file}: cannot be read; delete {folder} to begin anew")
    state: dict[str, Any] = torch.load(file, map_location=device, weights_only=True)
    if changed := differing(state["recipe"], recipe.model_dump(mode="json")):
        said = f"{file}: the recipe has changed since ({', '.join(changed)})"
        raise RecipeError(f"{said}; change it back, or delete {folder} to begin anew")
    return state


def differing(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """The fields, with their tables' names, that are not the same in two recipes."""
    fields = []
    for key, other in now.items():
        one = before.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            fields += [f"{key}.{field}" for field in differing(one, other)]
        elif one != other:
            fields.append(key)
    return fields
