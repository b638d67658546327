"""DreamBooth checkpoints: copies of the model that share every tensor that the checkpoint leaves alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.adapters.lora_files import Unusable, read_shapes, read_tensors
from engine.transfer import send

COMPONENTS = {"unet": "unet/diffusion_pytorch_model.safetensors", "text_encoder": "text_encoder/model.safetensors"}


@dataclass(frozen=True)
class Checkpoint:
    """A whole U-Net and text encoder; ``bytes`` is what they hold beyond the base model."""

    key: str
    unet: Any
    text_encoder: Any
    bytes: int = 0


def read_checkpoint(key: str, folder: Path, base: Checkpoint) -> Checkpoint:
    """The checkpoint in ``folder`` laid over ``base``.

    :raises Unusable: where a file is damaged, or holds a tensor that the base has not, or of another shape.
    """
    networks, size = {}, 0
    for component, file in COMPONENTS.items():
        network = getattr(base, component)
        if (folder / file).is_file():
            tensors = fit(component, read_tensors(folder / file)[0], network)
            network = overlay(network, tensors)
            size += sum(tensor.nbytes for tensor in tensors.values())
        networks[component] = network
    return Checkpoint(key, **networks, bytes=size)


def checkpoint_bytes(folder: Path, base: Checkpoint) -> int:
    """What the checkpoint in ``folder`` will hold beyond the base model, in the base's dtype.

    :raises Unusable: where a file is damaged.
    """
    size = 0
    for component, file in COMPONENTS.items():
        if (folder / file).is_file():
            item = next(getattr(base, component).parameters()).dtype.itemsize
            size += item * sum(math.prod(shape) for shape in read_shapes(folder / file))
    return size


def fit(component: str, tensors: Mapping[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors under ``network``'s names, in its dtype and memory layout, on its device."""
    state, fitting = network.state_dict(), {}
    for written, tensor in tensors.items():
        if written.endswith("position_ids"):
            continue
        names = (written, written.removeprefix("text_model."), "text_model." + written)
        name = next((name for name in names if name in state), None)
        if name is None:
            raise Unusable(f"the key {component}.{written} cannot be applied to this model")
        if tensor.shape != state[name].shape:
            shapes = f"{tuple(tensor.shape)}; the model's is {tuple(state[name].shape)}"
            raise Unusable(f"{component}.{written} has the shape {shapes}")
        there = send(tensor.to(state[name].dtype), state[name].device)
        fitting[name] = torch.empty_like(state[name]).copy_(there)
    return fitting


def overlay(network: nn.Module, tensors: dict[str, torch.Tensor]) -> nn.Module:
    """A copy of ``network`` with ``tensors`` in place; all others are shared with it."""
    shared = {id(tensor): tensor for tensor in [*network.parameters(), *network.buffers()]}
    twin = copy.deepcopy(network, shared)
    twin.load_state_dict(tensors, strict=False, assign=True)
    return twin.eval().requires_grad_(False)
