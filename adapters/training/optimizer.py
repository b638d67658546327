"""The optimizer of a run and its learning rate."""

from __future__ import annotations

import math
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

from adapters.training.recipe import RecipeError, Training


def check_optimizer(how: Training) -> None:
    """Raises RecipeError where the recipe's optimizer cannot run on this machine: none takes another's place."""
    if how.optimizer == "adamw":
        return
    otherwise = 'or write optimizer = "adamw", which takes more memory'
    if not torch.cuda.is_available():
        raise RecipeError(f"training.optimizer: {how.optimizer} needs an NVIDIA GPU; train on one, {otherwise}")
    if find_spec("bitsandbytes") is None:
        raise RecipeError(
            f"training.optimizer: {how.optimizer} needs bitsandbytes, which is not installed: "
            f"pip install bitsandbytes, {otherwise}"
        )


def make_optimizer(how: Training, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019), or the same with its moments in 8 bits (Dettmers et al. 2022)."""
    options: dict[str, Any] = {"lr": how.learning_rate, "weight_decay": how.weight_decay}
    if how.optimizer == "adamw":
        return torch.optim.AdamW(parameters, **options)
    bitsandbytes = import_module("bitsandbytes")
    optimizer: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(parameters, **options)
    return optimizer


def learning_rate(how: Training, step: int, steps: int) -> float:
    """Rises over the warm-up, then stays, or falls to nothing along half a cosine."""
    if step < how.warmup_steps:
        return how.learning_rate * (step + 1) / how.warmup_steps
    if how.schedule == "constant":
        return how.learning_rate
    done = (step - how.warmup_steps) / max(1, steps - how.warmup_steps)
    return how.learning_rate * (1 + math.cos(math.pi * done)) / 2
