"""The U-Net call: rows of different timesteps, samplers, guidance scales and adapters in one batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.job import Picture
from engine.lora import SlotBank


class Runner:
    """Turns pictures into rows, runs the U-Net once, and turns its rows into one output for each picture."""

    def __init__(self, bank: SlotBank) -> None:
        self._bank = bank

    @torch.inference_mode()
    def run(self, pictures: Sequence[Picture]) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What the U-Net was shown and its guided output, for each picture; all have one shape and one variant."""
        seen = [picture.sampling.model_input() for picture in pictures]
        rows = [row for picture, shown in zip(pictures, seen, strict=True) for row in [shown] * picture.rows]
        timesteps = [float(p.sampling.timestep) for p in pictures for _ in range(p.rows)]
        output = self._call(pictures, torch.cat(rows), timesteps)
        split: Sequence[torch.Tensor] = torch.split(output, [picture.rows for picture in pictures])
        return [(shown, guide(part, p.job.plan.guidance)) for p, shown, part in zip(pictures, seen, split, strict=True)]

    def _call(self, pictures: Sequence[Picture], rows: torch.Tensor, timesteps: list[float]) -> torch.Tensor:
        texts = [text for p in pictures for text in (p.negative, p.prompt) if text is not None]
        times = torch.tensor(timesteps, dtype=torch.float32, device=rows.device)
        loras = {lora.key: lora.file.unet for p in pictures for lora, _ in p.applied.loras}
        uses = [[(lora.key, weight) for lora, weight in p.applied.loras] for p in pictures for _ in range(p.rows)]
        self._bank.select(uses, loras)
        unet = pictures[0].applied.variant.unet
        output: torch.Tensor = unet(rows, times, encoder_hidden_states=torch.cat(texts), return_dict=False)[0]
        return output


def guide(rows: torch.Tensor, scale: float) -> torch.Tensor:
    """Classifier-free guidance of two rows (unconditional, conditional); one row is returned as it is."""
    if len(rows) == 1:
        return rows
    unconditional, conditional = rows.chunk(2)
    return unconditional + scale * (conditional - unconditional)
