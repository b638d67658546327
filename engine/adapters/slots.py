"""Which adapters are in the slots of a network, and which of them the rows of the next call use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from engine.adapters.lora import AdaptedConv2d, AdaptedLinear, LayerPairs, LayerSlots, Selection, round_up
from engine.transfer import to_device

RowUse = Sequence[tuple[str, float]]
"""The adapters of one row, by key, with their weights."""


@dataclass(frozen=True)
class Shapes:
    """What a compiled graph was made for: the layers that adapters touch, their rank, and the adapters of a row."""

    layers: frozenset[str]
    rank: int
    width: int


class SlotBank:
    """The slots of one network. One thread writes slots and selects rows: the one that runs the network."""

    def __init__(self, network: nn.Module, slots: int) -> None:
        self.slots = slots + 1
        self.selection = Selection()
        self.swaps = 0
        self.layers = self._adapt(network)
        self._fixed: Shapes | None = None
        self._resident: OrderedDict[str, int] = OrderedDict()
        self._parts: dict[str, LayerPairs] = {}
        self._free = list(range(1, self.slots))

    def _adapt(self, network: nn.Module) -> dict[str, LayerSlots]:
        """Give every linear layer and plain convolution of ``network`` slots; its parameters keep their names."""
        layers = {}
        for name, layer in network.named_modules():
            plain = type(layer) in (nn.Conv2d, AdaptedConv2d) and layer.groups == 1
            if plain or type(layer) in (nn.Linear, AdaptedLinear):
                layers[name] = LayerSlots(self.selection, self.slots, layer)
                layer.__class__ = AdaptedLinear if isinstance(layer, nn.Linear) else AdaptedConv2d
                layer.slots = layers[name]
        return layers

    def fix(self, shapes: Shapes, most_rank: int) -> None:
        """From now on calls have ``shapes`` wherever these suffice; adapters have ranks up to ``most_rank``."""
        self._fixed = replace(shapes, rank=round_up(shapes.rank))
        for name in shapes.layers:
            self.layers[name].reserve(most_rank)

    def select(self, rows: Sequence[RowUse], known: Mapping[str, LayerPairs]) -> bool:
        """Say which adapters the rows of the next call use; ``known`` has the parts of each.

        True where the call has the fixed shapes, and so a compiled graph serves it.
        """
        used = {key for row in rows for key, _ in row}
        self._make_resident(used, known)
        parts = [self._parts[key] for key in used]
        rank = round_up(max((part.rank for one in parts for part in one.values()), default=0))
        needed = Shapes(frozenset(name for one in parts for name in one), rank, max(len(row) for row in rows))
        fixed = self._fixed
        suffices = fixed is not None and (
            needed.layers <= fixed.layers and needed.rank <= fixed.rank and needed.width <= fixed.width
        )
        self._shape(rows, fixed if fixed and suffices else needed)
        return suffices

    def _shape(self, rows: Sequence[RowUse], shapes: Shapes) -> None:
        for name, layer in self.layers.items():
            layer.active = name in shapes.layers
        if not shapes.layers:
            return
        self.selection.rank = shapes.rank
        padded = [[*row, *[("", 0.0)] * (shapes.width - len(row))] for row in rows]
        like = next(iter(self.layers.values())).down
        slots = [[self._resident[key] if weight else 0 for key, weight in row] for row in padded]
        self.selection.index = to_device(slots, like.device, torch.long)
        weights = to_device([[weight for _, weight in row] for row in padded], like.device, like.dtype)
        ranks = {layer.rank for layer in self.layers.values() if layer.active}
        self.selection.scales = {rank: weights.repeat_interleave(rank, dim=1).unsqueeze(1) for rank in ranks}

    def _make_resident(self, used: set[str], known: Mapping[str, LayerPairs]) -> None:
        """Put every adapter of ``used`` into a slot; the least recently used ones leave."""
        for key in used & self._resident.keys():
            self._resident.move_to_end(key)
        for key in sorted(used - self._resident.keys()):
            slot = self._free.pop() if self._free else self._evict(used)
            for name, part in known[key].items():
                self.layers[name].reserve(part.rank)
                self.layers[name].write(slot, part)
            self._resident[key], self._parts[key] = slot, known[key]
            self.swaps += 1

    def _evict(self, used: set[str]) -> int:
        victim = next(key for key in self._resident if key not in used)
        slot = self._resident.pop(victim)
        for name in self._parts.pop(victim):
            self.layers[name].write(slot, None)
        return slot
