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

from adapters.registry import DIFFERENCE_FILE
from adapters.shapes import parameter
from engine.adapters.differences import NETWORKS, read_difference, read_names
from engine.adapters.lora_files import Unusable, read_shapes, read_tensors
from engine.transfer import send


@dataclass(frozen=True)
class Checkpoint:
    """A whole U-Net and text encoder; ``bytes`` is what they hold beyond the base model."""

    key: str
    unet: Any
    text_encoder: Any
    bytes: int = 0


def read_checkpoint(key: str, folder: Path, base: Checkpoint, source: str) -> Checkpoint:
    """The checkpoint in ``folder`` laid over ``base``, which was read from ``source``.

    :raises Unusable: where a file is damaged, holds a tensor that the base has not, or of another shape, or is the
        difference to another base.
    """
    networks, size = {"unet": base.unet, "text_encoder": base.text_encoder}, 0
    for component, written in read_networks(folder, source).items():
        tensors = fit(component, written, networks[component])
        networks[component] = overlay(networks[component], tensors)
        size += sum(tensor.nbytes for tensor in tensors.values())
    return Checkpoint(key, **networks, bytes=size)


def read_networks(folder: Path, source: str) -> dict[str, dict[str, torch.Tensor]]:
    """The tensors that the checkpoint in ``folder`` has of its own, by network, whichever way they are kept.

    :raises Unusable: where a file is damaged, or the difference to other weights than those of ``source``.
    """
    if (folder / DIFFERENCE_FILE).is_file():
        return read_difference(folder / DIFFERENCE_FILE, source)
    files = {component: folder / file for component, file in NETWORKS.items() if (folder / file).is_file()}
    return {component: read_tensors(file)[0] for component, file in files.items()}


def checkpoint_bytes(folder: Path, base: Checkpoint) -> int:
    """What the checkpoint in ``folder`` will hold beyond the base model, in the base's dtype.

    :raises Unusable: where a file is damaged.
    """
    if (folder / DIFFERENCE_FILE).is_file():
        return difference_bytes(read_names(folder / DIFFERENCE_FILE), base)
    size = 0
    for component, file in NETWORKS.items():
        if (folder / file).is_file():
            item = next(getattr(base, component).parameters()).dtype.itemsize
            size += item * sum(math.prod(shape) for shape in read_shapes(folder / file))
    return size


def difference_bytes(names: Mapping[str, list[str]], base: Checkpoint) -> int:
    """What the base's tensors of these names hold."""
    size = 0
    for component, written in names.items():
        state = getattr(base, component).state_dict()
        size += sum(state[name].nbytes for name in (parameter(one, state) for one in written) if name in state)
    return size


def fit(component: str, tensors: Mapping[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    """The tensors under ``network``'s names, in its dtype and memory layout, on its device."""
    state, fitting = network.state_dict(), {}
    for written, tensor in tensors.items():
        if written.endswith("position_ids"):
            continue
        name = parameter(written, state)
        if name not in state:
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
