"""LoRA files in the adapters' own layout, read into the layers that they change.

The layout is ``<network>.<layer>.lora_A.weight`` (rank, inputs) and ``lora_B`` (outputs, rank), with alpha multiplied
into ``lora_B``. Every other one is rewritten to it by ``adapters.publishing.layouts`` as the adapter is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from adapters.shapes import CANONICAL, lora_fault, parameter
from engine.adapters.lora import LayerPairs, LowRankPair, fan
from engine.transfer import send


class Unusable(Exception):
    """The file cannot be applied to this model; the message says why."""


@dataclass(frozen=True)
class LoraWeights:
    """What a file changes, by network."""

    unet: LayerPairs
    text_encoder: LayerPairs


def read_lora(file: Path, networks: Mapping[str, Mapping[str, nn.Linear | nn.Conv2d]], max_rank: int) -> LoraWeights:
    """Read ``file`` for ``networks`` (``unet`` and ``text_encoder``: layers by dotted name).

    :raises Unusable: where it is damaged, or has a key, shape or rank that cannot be applied.
    """
    tensors, _ = read_tensors(file)
    weights = {
        network: {f"{name}.weight": tuple(layer.weight.shape) for name, layer in layers.items()}
        for network, layers in networks.items()
    }
    if fault := lora_fault({key: tuple(tensor.shape) for key, tensor in tensors.items()}, weights):
        raise Unusable(fault)
    pairs: dict[str, dict[str, LowRankPair]] = {"unet": {}, "text_encoder": {}}
    for key, down in tensors.items():
        match = CANONICAL.fullmatch(key)
        if match and match["side"] == "A":
            network, written = match["network"], match["layer"]
            name = parameter(f"{written}.weight", weights[network]).removesuffix(".weight")
            up = tensors[f"{network}.{written}.lora_B.weight"]
            pairs[network][name] = make_pair(down, up, networks[network][name])
    check_ranks(pairs, max_rank)
    return LoraWeights(**pairs)


def read_tensors(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """:raises Unusable: where ``file`` is no whole safetensors file or holds numbers that are not finite."""
    with opened(file) as whole:
        tensors = {key: whole.get_tensor(key) for key in whole.keys()}  # noqa: SIM118
        metadata = dict(whole.metadata() or {})
    if not tensors:
        raise Unusable("the file holds no weights")
    if bad := [key for key, tensor in tensors.items() if not torch.isfinite(tensor.float()).all()]:
        raise Unusable(f"{bad[0]!r} holds numbers that are not finite")
    return tensors, metadata


def read_shapes(file: Path) -> list[list[int]]:
    """Shapes of all tensors in ``file``.

    :raises Unusable: where it is no whole safetensors file.
    """
    with opened(file) as whole:
        return [whole.get_slice(key).get_shape() for key in whole.keys()]  # noqa: SIM118


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """:raises Unusable: where ``file`` is no whole safetensors file."""
    try:
        with safe_open(file, "pt") as whole:
            yield whole
    except (SafetensorError, OSError, ValueError):
        raise Unusable("the file is truncated or not in safetensors format") from None


def make_pair(down: torch.Tensor, up: torch.Tensor, layer: nn.Linear | nn.Conv2d) -> LowRankPair:
    """The two matrices as the layer's slots hold them."""
    (inputs, outputs), like = fan(layer), layer.weight
    sides = down.reshape(-1, inputs), up.reshape(outputs, -1).t()
    return LowRankPair(*(send(side.to(like.dtype).contiguous(), like.device) for side in sides))


def check_ranks(parts: Mapping[str, LayerPairs], max_rank: int) -> None:
    """:raises Unusable: where a rank is beyond the bound."""
    highest = max(part.rank for network in parts.values() for part in network.values())
    if highest > max_rank:
        raise Unusable(f"its rank is {highest}; SANGGAR_MAX_RANK is {max_rank}")
