"""Tensors on their way to the card, which nobody waits for.

A plain copy waits until the card has done everything that it was given before: on a busy card that is a whole U-Net
call, for each tensor. A copy from pinned memory takes its place in the card's queue, and the thread goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

Numbers = Sequence[float] | Sequence[Sequence[int]] | Sequence[Sequence[float]]


def to_device(numbers: Numbers, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """``numbers`` as a tensor on ``device``."""
    return send(torch.tensor(numbers, dtype=dtype), device)


def send(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A tensor of the CPU's memory on ``device``; on a CPU it is the same tensor."""
    pinned = tensor.pin_memory() if device.type == "cuda" else tensor
    return pinned.to(device, non_blocking=True)


def without_waits(device: torch.device) -> AbstractContextManager[object]:
    """While it is entered, code that was written for a CPU or for patience copies to the card as ``send`` does."""
    return nullcontext() if device.type == "cpu" else _WithoutWaits()


class _WithoutWaits(TorchFunctionMode):
    """Tensors are sent. Single numbers stay with the CPU: an operation on the card reads them there as it starts.

    So noise that a scheduler draws on the CPU arrives without a wait, and the coefficients of UniPC, which it moves to
    the card to solve an equation of two unknowns there, are found on the CPU.
    """

    def __torch_function__(
        self, function: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        options = dict(kwargs or {})
        if function is torch.Tensor.to and args[0].device.type == "cpu":
            place = options.get("device", args[1] if len(args) > 1 else None)
            if isinstance(place, torch.device) and place.type != "cpu":
                return send(args[0], place) if args[0].ndim else args[0]
        if function is torch.ones and args == ((),):
            options["device"] = "cpu"
        return function(*args, **options)
