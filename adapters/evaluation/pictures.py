"""Draws with and without an adapter, at equal prompts and seeds."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from adapters.cli.output import tracked
from adapters.manifest import AdapterError
from adapters.registry import LORA_FILE, Adapter
from adapters.training.base import Base, load_base
from engine.adapters.checkpoints import read_networks
from engine.adapters.lora_files import Unusable
from engine.diffusion.model import find_source

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
    try:
        networks = read_networks(adapter.folder, find_source(base_model))
    except Unusable as error:
        raise AdapterError(f"{adapter.name} cannot be used: {error}") from None
    for network, tensors in networks.items():
        module = getattr(base.pipeline, network)
        _, unexpected = module.load_state_dict({key: value.float() for key, value in tensors.items()}, strict=False)
        if unexpected:
            raise AdapterError(f"{adapter.folder}: the model has no {network}.{unexpected[0]}")
    return base


def draw_grid(base: Base, prompts: Sequence[str], seeds: Sequence[int], doing: str) -> list[list[Image.Image]]:
    """One row a seed, one column a prompt."""
    pairs = [(seed, prompt) for seed in seeds for prompt in prompts]
    drawn = [base.draw([prompt], seed, STEPS, GUIDANCE_SCALE)[0] for seed, prompt in tracked(pairs, doing)]
    return [drawn[start : start + len(prompts)] for start in range(0, len(drawn), len(prompts))]
