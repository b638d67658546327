"""Draws with and without an adapter, at equal prompts and seeds."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image
from safetensors.torch import load_file

from adapters.cli.output import tracked
from adapters.manifest import AdapterError
from adapters.registry import LORA_FILE, Adapter
from adapters.training.base import Base, load_base

STEPS, GUIDANCE_SCALE = 25, 7.0
"""As members draw where they say nothing else: an adapter is judged as it is used."""


def load_adapted(adapter: Adapter | None, base_model: str, weight: float = 1.0) -> Base:
    """The base model, with the adapter if any, a LoRA at ``weight``. Raises AdapterError where it does not fit."""
    base = load_base(base_model)
    if adapter is None:
        return base
    manifest = adapter.manifest
    if manifest.prediction_type != base.prediction_type:
        raise AdapterError(f"{adapter.name} predicts {manifest.prediction_type}, the model {base.prediction_type}")
    if manifest.kind == "lora":
        base.pipeline.load_lora_weights(adapter.folder, weight_name=LORA_FILE, adapter_name="adapter")
        base.pipeline.set_adapters("adapter", weight)
        return base
    for file in adapter.files():
        module = getattr(base.pipeline, file.parent.name)
        _, unexpected = module.load_state_dict(
            {key: value.float() for key, value in load_file(file).items()}, strict=False
        )
        if unexpected:
            raise AdapterError(f"{file}: the model has no {unexpected[0]}")
    return base


def draw_grid(base: Base, prompts: Sequence[str], seeds: Sequence[int], doing: str) -> list[list[Image.Image]]:
    """One row a seed, one column a prompt."""
    pairs = [(seed, prompt) for seed in seeds for prompt in prompts]
    drawn = [base.draw([prompt], seed, STEPS, GUIDANCE_SCALE)[0] for seed, prompt in tracked(pairs, doing)]
    return [drawn[start : start + len(prompts)] for start in range(0, len(drawn), len(prompts))]
