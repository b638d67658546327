"""What a way of training must offer to the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from adapters.training.data import Latents


class Method(Protocol):
    """LoRA or DreamBooth on one base model, whose modules it has prepared."""

    priors: Latents | None
    """Pictures that the model must go on drawing as before; one for each training picture of a batch."""
    prior_weight: float
    trains_text: bool
    """Whether the text encoder changes, so that embeddings cannot be kept."""

    def parameters(self) -> dict[str, nn.Parameter]:
        """What is trained, in fp32, by name."""
        ...

    def penalty(self) -> torch.Tensor | None:
        """Added to each loss, where there is any."""
        ...

    def write(self, folder: Path) -> None:
        """The weights in fp16 in diffusers layout, as ``adapters.registry`` expects them."""
        ...
