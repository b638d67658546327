"""Small tensors on their way to the card."""

from __future__ import annotations

from collections.abc import Sequence

import torch

Numbers = Sequence[float] | Sequence[Sequence[int]] | Sequence[Sequence[float]]


def to_device(numbers: Numbers, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """``numbers`` on ``device``; from pinned memory, because any other copy waits until the card has caught up."""
    made = torch.tensor(numbers, dtype=dtype)
    if device.type == "cuda":
        made = made.pin_memory()
    return made.to(device, non_blocking=True)
