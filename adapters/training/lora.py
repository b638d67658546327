"""LoRA (Hu et al. 2021): low-rank matrices beside the attention of the U-Net and, if wanted, of the text encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from torch import nn

from adapters.registry import LORA_FILE
from adapters.training.base import Base
from adapters.training.data import Latents
from adapters.training.recipe import Lora, RecipeError

TEXT_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj")


class LoraMethod:
    """Adds the matrices to the base's modules; what is frozen goes into the dtype of autocast."""

    priors: Latents | None = None
    prior_weight = 0.0

    def __init__(self, base: Base, lora: Lora, seed: int) -> None:
        check_targets(base, lora)
        self.trains_text = lora.text_encoder
        self._modules: dict[str, Any] = {"unet": base.unet}
        targets = {"unet": lora.targets, "text_encoder": TEXT_TARGETS}
        if lora.text_encoder:
            self._modules["text_encoder"] = base.text_encoder
        if base.dtype != torch.float32:
            base.text_encoder.to(base.dtype)
            base.unet.to(base.dtype)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for name, module in self._modules.items():
                module.add_adapter(
                    LoraConfig(
                        r=lora.rank,
                        lora_alpha=lora.rank,
                        init_lora_weights="gaussian",
                        target_modules=list(targets[name]),
                    )
                )
        for parameter in self.parameters().values():
            parameter.data = parameter.data.float()

    def parameters(self) -> dict[str, nn.Parameter]:
        return {
            f"{name}.{path}": parameter
            for name, module in self._modules.items()
            for path, parameter in module.named_parameters()
            if parameter.requires_grad
        }

    def penalty(self) -> torch.Tensor | None:
        return None

    def write(self, folder: Path) -> None:
        layers = {
            f"{name}_lora_layers": {
                key: value.detach().cpu().half().contiguous()
                for key, value in get_peft_model_state_dict(module, save_embedding_layers=False).items()
            }
            for name, module in self._modules.items()
        }
        StableDiffusionPipeline.save_lora_weights(folder, weight_name=LORA_FILE, **layers)


def check_targets(base: Base, lora: Lora) -> None:
    """Raises RecipeError where a target is no layer of the U-Net."""
    layers = [path for path, _ in base.unet.named_modules()]
    for target in lora.targets:
        if not any(path == target or path.endswith(f".{target}") for path in layers):
            raise RecipeError(f"lora.targets: the U-Net has no layer {target!r}")
