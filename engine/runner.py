"""The U-Net call: rows of different timesteps, samplers, guidance scales and adapters in one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn.functional import pad

from engine.job import Picture
from engine.slots import RowUse, SlotBank
from engine.upload import upload

GRAPHS_MAX = 64
"""Graphs of the compiled U-Net: one for each row count, picture shape and kind of adapter."""


class Runner:
    """Turns pictures into rows, runs the U-Net once, and turns its rows into one output for each picture."""

    def __init__(self, bank: SlotBank) -> None:
        self._bank = bank
        self._forward: Callable[..., torch.Tensor] = forward
        self._buckets = False

    def compile(self, backend: str | Callable[..., Any] = "inductor") -> None:
        """Compile the U-Net, once for each power of two of rows; fewer rows are filled up."""
        torch._dynamo.config.recompile_limit = GRAPHS_MAX
        self._forward = torch.compile(forward, backend=backend, fullgraph=True, dynamic=False)
        self._buckets = True

    @torch.inference_mode()
    def run(self, pictures: Sequence[Picture]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What the U-Net was shown and its guided output, for each picture; all have one shape and one variant."""
        seen = [picture.sampling.model_input() for picture in pictures]
        rows = torch.cat([row for picture, shown in zip(pictures, seen, strict=True) for row in [shown] * picture.rows])
        timesteps = [float(picture.sampling.timestep) for picture in pictures for _ in range(picture.rows)]
        times = upload(timesteps, rows.device, torch.float32)
        texts = torch.cat([text for p in pictures for text in (p.negative, p.prompt) if text is not None])
        uses = [uses_of(picture) for picture in pictures for _ in range(picture.rows)]
        known = {lora.key: lora.file.unet for picture in pictures for lora, _ in picture.applied.loras}
        empty = bucket(len(rows)) - len(rows) if self._buckets else 0
        no_use: RowUse = ()
        self._bank.select([*uses, *[no_use] * empty], known)
        output = self._forward(
            pictures[0].applied.variant.unet, fill_up(rows, empty), pad(times, (0, empty)), fill_up(texts, empty)
        )
        split = torch.split(output[: len(rows)], [picture.rows for picture in pictures])
        return [(shown, guide(part, p.job.plan.guidance)) for p, shown, part in zip(pictures, seen, split, strict=True)]


def uses_of(picture: Picture) -> RowUse:
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
