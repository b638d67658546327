"""Stacked-slot LoRA: every row of a call has its own adapters, and nothing is ever fused into the model.

An adapted layer holds, for ``S`` slots, ``A[slot, rank, in]`` and ``B[slot, rank, out]``. Each row carries slot indices
and weights; two batched products add ``weight * (x A^T) B`` to the layer's output (Hu et al., 2021; slots as in S-LoRA,
Sheng et al., 2023). Slot 0 stays empty. Slots are overwritten in place, so a compiled graph outlives every swap.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

ROUND = 8
"""Ranks are rounded up to a multiple of this, so that few shapes occur."""


@dataclass(frozen=True)
class Part:
    """What a LoRA adds to one layer; ``down`` (rank, inputs), ``up`` (rank, outputs), alpha / rank is in ``up``."""

    down: torch.Tensor
    up: torch.Tensor

    @property
    def rank(self) -> int:
        return len(self.down)

    @property
    def bytes(self) -> int:
        return self.down.nbytes + self.up.nbytes


Parts = Mapping[str, Part]
"""By the dotted name of the layer."""
RowUse = Sequence[tuple[str, float]]
"""The adapters of one row, by key, with their weights."""


class LayerSlots:
    """The stacked adapters of one layer, shared by every copy of the model that has this layer."""

    def __init__(self, bank: SlotBank, layer: nn.Linear | nn.Conv2d) -> None:
        self.bank = bank
        self.active = False
        self.inputs, self.outputs = fan(layer)
        like = layer.weight
        self.down = torch.zeros(bank.slots, 0, self.inputs, device=like.device, dtype=like.dtype)
        self.up = torch.zeros(bank.slots, 0, self.outputs, device=like.device, dtype=like.dtype)

    def __deepcopy__(self, memo: Any) -> LayerSlots:
        return self

    def reserve(self, rank: int) -> None:
        """Make room for ``rank`` in every slot."""
        rank = -(-rank // ROUND) * ROUND
        missing = rank - self.down.shape[1]
        if missing > 0:
            self.down = nn.functional.pad(self.down, (0, 0, 0, missing))
            self.up = nn.functional.pad(self.up, (0, 0, 0, missing))

    def write(self, slot: int, part: Part | None) -> None:
        """Overwrite ``slot`` in place; None empties it."""
        self.down[slot].zero_()
        self.up[slot].zero_()
        if part is not None:
            self.down[slot, : part.rank] = part.down
            self.up[slot, : part.rank] = part.up

    def add_to(self, output: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
        """``output`` (rows, tokens, outputs) plus what the rows' adapters make of ``inputs`` (rows, tokens, inputs)."""
        down, up, weights = self.gather()
        return torch.baddbmm(output, torch.bmm(inputs, down.transpose(1, 2)) * weights, up)

    def gather(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """For each row ``down`` (rows, ranks, inputs), ``up`` (rows, ranks, outputs) and weights (rows, 1, ranks)."""
        index, weights = self.bank.index, self.bank.weights
        rank = min(self.bank.rank, self.down.shape[1])
        rows, uses = index.shape
        down = self.down[:, :rank][index].reshape(rows, uses * rank, self.inputs)
        up = self.up[:, :rank][index].reshape(rows, uses * rank, self.outputs)
        return down, up, weights.repeat_interleave(rank, dim=1).unsqueeze(1)


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


class SlotBank:
    """The slots of one network. One thread writes slots and selects rows: the one that runs the network."""

    def __init__(self, network: nn.Module, slots: int) -> None:
        self.slots = slots + 1
        self.rank = 0
        """Ranks that the selected rows need."""
        self.width = 0
        """Adapters of a row that there is always room for; 0: as many as the rows of a call need."""
        self.swaps = 0
        self.layers = self._adapt(network)
        device = next(network.parameters()).device
        self.index = torch.zeros(1, 1, dtype=torch.long, device=device)
        """Slots of the rows, (rows, adapters of a row)."""
        self.weights = torch.zeros(1, 1, device=device)
        self._resident: OrderedDict[str, int] = OrderedDict()
        self._parts: dict[str, Parts] = {}
        self._free = list(range(1, self.slots))

    def _adapt(self, network: nn.Module) -> dict[str, LayerSlots]:
        """Give every linear layer and plain convolution of ``network`` slots; its parameters keep their names."""
        layers = {}
        for name, layer in network.named_modules():
            plain = type(layer) in (nn.Conv2d, AdaptedConv2d) and layer.groups == 1
            if plain or type(layer) in (nn.Linear, AdaptedLinear):
                layers[name] = LayerSlots(self, layer)
                layer.__class__ = AdaptedLinear if isinstance(layer, nn.Linear) else AdaptedConv2d
                layer.slots = layers[name]
        return layers

    def fix(self, rank: int, width: int) -> None:
        """From now on all shapes stay the same, whatever the rows use, so that compiled graphs serve all of them."""
        self.rank, self.width = rank, width

    def select(self, rows: Sequence[RowUse], known: Mapping[str, Parts]) -> None:
        """Say which adapters the rows of the next call use; ``known`` has the parts of each."""
        used = {key for row in rows for key, _ in row}
        self._make_resident(used, known)
        touched = {layer for key in used for layer in self._parts[key]}
        for name, layer in self.layers.items():
            layer.active = name in touched or (layer.active and self.width > 0)
        if not used and not self.width:
            return
        if not self.width:
            self.rank = max(part.rank for key in used for part in self._parts[key].values())
            self.rank = -(-self.rank // ROUND) * ROUND
        width = self.width or max(len(row) for row in rows)
        padded = [[*row, *[("", 0.0)] * (width - len(row))] for row in rows]
        slots = [[self._resident[key] if weight else 0 for key, weight in row] for row in padded]
        self.index = torch.tensor(slots, device=self.index.device)
        like = next(iter(self.layers.values())).down
        self.weights = torch.tensor([[w for _, w in row] for row in padded], device=like.device, dtype=like.dtype)

    def _make_resident(self, used: set[str], known: Mapping[str, Parts]) -> None:
        """Put every adapter of ``used`` into a slot; the least recently used ones leave."""
        for key in used & self._resident.keys():
            self._resident.move_to_end(key)
        for key in sorted(used - self._resident.keys()):
            slot = self._free.pop() if self._free else self._evict(used)
            for name, part in known[key].items():
                self.layers[name].reserve(self.rank if self.width else part.rank)
                self.layers[name].write(slot, part)
            self._resident[key], self._parts[key] = slot, known[key]
            self.swaps += 1

    def _evict(self, used: set[str]) -> int:
        victim = next(key for key in self._resident if key not in used)
        slot = self._resident.pop(victim)
        for name in self._parts.pop(victim):
            self.layers[name].write(slot, None)
        return slot


def adapted_layers(network: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers of ``network`` that have slots, by dotted name."""
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)}


def fan(layer: nn.Linear | nn.Conv2d) -> tuple[int, int]:
    """Inputs and outputs of a layer; a convolution's inputs are its windows'."""
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    return layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1], layer.out_channels
