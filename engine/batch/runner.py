"""The U-Net call: rows of different timesteps, samplers, guidance scales and adapters in one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch.nn.functional import pad

from engine.adapters.lora import LayerPairs
from engine.adapters.slots import RowUse, SlotBank
from engine.batch.active_request import ActivePicture
from engine.transfer import to_device

GRAPHS_MAX = 64
"""More than a compiled U-Net has: one for each power of two of rows."""


class Runner:
    """Turns pictures into rows, runs the U-Net once, and turns its rows into one output for each picture."""

    def __init__(self, bank: SlotBank) -> None:
        self._bank = bank
        self._compiled: Callable[..., torch.Tensor] | None = None
        self._side = 0

    def compile(self, backend: str | Callable[..., Any], side: int) -> None:
        """Compile the U-Net for latents of ``side`` x ``side``, once for each power of two of rows.

        Fewer rows are filled up. A call of another shape, or of adapters beyond the bank's fixed shapes, is run as it
        is: it is slower, but nobody waits for a compiler.
        """
        torch._dynamo.config.recompile_limit = GRAPHS_MAX
        self._compiled = torch.compile(forward, backend=backend, fullgraph=True, dynamic=False)
        self._side = side

    @torch.inference_mode()
    def run(self, pictures: Sequence[ActivePicture]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What the U-Net was shown and its guided output, for each picture; all have one shape and one variant."""
        seen = [picture.sampling.model_input() for picture in pictures]
        rows = torch.cat([row for picture, shown in zip(pictures, seen, strict=True) for row in [shown] * picture.rows])
        timesteps = [float(picture.sampling.timestep) for picture in pictures for _ in range(picture.rows)]
        times = to_device(timesteps, rows.device, torch.float32)
        texts = torch.cat([text for p in pictures for text in (p.negative, p.prompt) if text is not None])
        uses = [uses_of(picture) for picture in pictures for _ in range(picture.rows)]
        known = {lora.key: lora.file.unet for picture in pictures for lora, _ in picture.applied.loras}
        output = self.call(pictures[0].applied.variant.unet, rows, times, texts, uses=uses, known=known)
        split = torch.split(output, [picture.rows for picture in pictures])
        return [(shown, guide(part, p.job.plan.guidance)) for p, shown, part in zip(pictures, seen, split, strict=True)]

    @torch.inference_mode()
    def call(
        self,
        unet: Any,
        rows: torch.Tensor,
        times: torch.Tensor,
        texts: torch.Tensor,
        *,
        uses: Sequence[RowUse] = (),
        known: Mapping[str, LayerPairs] = MappingProxyType({}),
    ) -> torch.Tensor:
        """The U-Net's output for ``rows``; their adapters are ``uses``, whose parts ``known`` has."""
        empty = bucket(len(rows)) - len(rows) if self._compiled else 0
        no_use: RowUse = ()
        suffices = self._bank.select([*uses, *[no_use] * (len(rows) - len(uses) + empty)], known)
        usual = suffices and rows.shape[2:] == (self._side, self._side)
        chosen = self._compiled if self._compiled and usual else forward
        output = chosen(unet, fill_up(rows, empty), pad(times, (0, empty)), fill_up(texts, empty))
        return output[: len(rows)]


def uses_of(picture: ActivePicture) -> RowUse:
    """The adapters that change the U-Net for this picture."""
    return [(lora.key, weight) for lora, weight in picture.applied.loras if lora.file.unet]


def forward(unet: Any, rows: torch.Tensor, timesteps: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
    """The network's output for each row."""
    output: torch.Tensor = unet(rows, timesteps, encoder_hidden_states=texts, return_dict=False)[0]
    return output


def guide(rows: torch.Tensor, scale: float) -> torch.Tensor:
    """Classifier-free guidance of two rows (unconditional, conditional); one row is returned as it is."""
    if len(rows) == 1:
        return rows
    unconditional, conditional = rows.chunk(2)
    return unconditional + scale * (conditional - unconditional)


def bucket(rows: int) -> int:
    """The next power of two."""
    return 1 << (rows - 1).bit_length()


def fill_up(rows: torch.Tensor, empty: int) -> torch.Tensor:
    """``rows`` and ``empty`` more of zeros."""
    return torch.cat([rows, rows.new_zeros(empty, *rows.shape[1:])]) if empty else rows
