"""Stacked-slot LoRA: every row of a call has its own adapters, and nothing is ever fused into the model.

An adapted layer holds, for ``S`` slots, ``A[slot, in, rank]`` and ``B[slot, rank, out]``. Each row carries slot indices
and weights; two batched products add ``weight * (x A) B`` to the layer's output (Hu et al., 2021; slots as in S-LoRA,
Sheng et al., 2023). Slot 0 stays empty. Slots are overwritten in place, so a compiled graph outlives every swap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

ROUND = 8
"""Ranks are rounded up to a multiple of this, so that few shapes occur."""


@dataclass(frozen=True)
class LowRankPair:
    """What a LoRA adds to one layer; ``down`` (rank, inputs), ``up`` (rank, outputs), alpha / rank is in ``up``."""

    down: torch.Tensor
    up: torch.Tensor

    @property
    def rank(self) -> int:
        return len(self.down)

    @property
    def bytes(self) -> int:
        return self.down.nbytes + self.up.nbytes


LayerPairs = Mapping[str, LowRankPair]
"""By the dotted name of the layer."""


@dataclass
class Selection:
    """What the rows of the next call use; the layers of one network share it."""

    rank: int = 0
    """Ranks that the rows need."""
    index: torch.Tensor = field(default_factory=lambda: torch.zeros(1, 1, dtype=torch.long))
    """Slots of the rows, (rows, adapters of a row)."""
    scales: dict[int, torch.Tensor] = field(default_factory=dict)
    """Weights, (rows, 1, adapters of a row * rank), by the rank that a layer has room for."""


class LayerSlots:
    """The stacked adapters of one layer, shared by every copy of the model that has this layer."""

    def __init__(self, selection: Selection, slots: int, layer: nn.Linear | nn.Conv2d) -> None:
        self.selection = selection
        self.active = False
        self.inputs, self.outputs = fan(layer)
        like = layer.weight
        self.down = torch.zeros(slots, self.inputs, 0, device=like.device, dtype=like.dtype)
        self.up = torch.zeros(slots, 0, self.outputs, device=like.device, dtype=like.dtype)

    def __deepcopy__(self, memo: Any) -> LayerSlots:
        return self

    def reserve(self, rank: int) -> None:
        """Make room for ``rank`` in every slot."""
        missing = round_up(rank) - self.up.shape[1]
        if missing > 0:
            self.down = nn.functional.pad(self.down, (0, missing))
            self.up = nn.functional.pad(self.up, (0, 0, 0, missing))

    def write(self, slot: int, part: LowRankPair | None) -> None:
        """Overwrite ``slot`` in place; None empties it."""
        self.down[slot].zero_()
        self.up[slot].zero_()
        if part is not None:
            self.down[slot, :, : part.rank] = part.down.t()
            self.up[slot, : part.rank] = part.up

    @property
    def rank(self) -> int:
        """Ranks of this layer that count in the next call."""
        return min(self.selection.rank, self.up.shape[1])

    def add_to(self, output: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """``output`` (rows, tokens, outputs) plus what the rows' adapters make of ``inputs`` (rows, tokens, inputs)."""
        rank, index = self.rank, self.selection.index
        rows, uses = index.shape
        down = self.down[:, :, :rank].index_select(0, index.flatten()).view(rows, uses, self.inputs, rank)
        down = down.transpose(1, 2).reshape(rows, self.inputs, uses * rank)
        up = self.up[:, :rank].index_select(0, index.flatten()).view(rows, uses * rank, self.outputs)
        return torch.baddbmm(output, torch.bmm(inputs, down) * self.selection.scales[rank], up)


class AdaptedLinear(nn.Linear):
    """A linear layer with slots."""

    slots: LayerSlots

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        output = super().forward(input)
        if not self.slots.active:
            return output
        rows = len(input)
        added = self.slots.add_to(output.reshape(rows, -1, output.shape[-1]), input.reshape(rows, -1, input.shape[-1]))
        return added.reshape(output.shape)


class AdaptedConv2d(nn.Conv2d):
    """A convolution with slots: its windows are the tokens."""

    slots: LayerSlots

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        output = super().forward(input)
        if not self.slots.active:
            return output
        windows = nn.functional.unfold(
            input,
            self.kernel_size,
            self.dilation,
            self.padding,  # type: ignore[arg-type]
            self.stride,
        )
        added = self.slots.add_to(output.flatten(2).transpose(1, 2), windows.transpose(1, 2))
        return added.transpose(1, 2).reshape(output.shape)


def round_up(rank: int) -> int:
    """The next multiple of ``ROUND``."""
    return -(-rank // ROUND) * ROUND


def adapted_layers(network: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers of ``network`` that have slots, by dotted name."""
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)}


def fan(layer: nn.Linear | nn.Conv2d) -> tuple[int, int]:
    """Inputs and outputs of a layer; a convolution's inputs are its windows'."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    return layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1], layer.out_channels
