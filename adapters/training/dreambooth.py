"""DreamBooth (Ruiz et al. 2023): the whole U-Net and text encoder, with pictures of its own kept as they were."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from adapters.cli.output import tracked
from adapters.registry import COMPONENT_FILES
from adapters.training.base import Base
from adapters.training.data import Latents, encode_pictures
from adapters.training.recipe import Dreambooth
from engine.files import whole_file
from engine.protocol import DEFAULT_GUIDANCE_SCALE


class DreamboothMethod:
    """Trains every weight but, if wanted, the text encoder's embeddings."""

    trains_text = True

    def __init__(self, base: Base, how: Dreambooth, class_folder: Path, seed: int) -> None:
        self.priors = draw_priors(base, how, class_folder, seed) if how.class_pictures else None
        self.prior_weight = how.prior_weight
        self._text_l2 = how.text_l2
        self._modules: dict[str, Any] = {"unet": base.unet, "text_encoder": base.text_encoder}
        for module in self._modules.values():
            module.requires_grad_(True)
        if how.freeze_embeddings:
            base.text_encoder.get_input_embeddings().requires_grad_(False)
        text = self._trained(base.text_encoder)
        self._anchors = [(parameter, parameter.detach().clone()) for parameter in text.values()] if how.text_l2 else []

    @staticmethod
    def _trained(module: nn.Module) -> dict[str, nn.Parameter]:
        return {path: parameter for path, parameter in module.named_parameters() if parameter.requires_grad}

    def parameters(self) -> dict[str, nn.Parameter]:
        return {
            f"{name}.{path}": parameter
            for name, module in self._modules.items()
            for path, parameter in self._trained(module).items()
        }

    def penalty(self) -> torch.Tensor | None:
        if not self._anchors:
            return None
        distances = [(parameter - anchor).square().sum() for parameter, anchor in self._anchors]
        return self._text_l2 * torch.stack(distances).sum()

    def write(self, folder: Path) -> None:
        """Leaves out what was frozen: those tensors are the base model's."""
        for name in COMPONENT_FILES:
            tensors = self._trained(self._modules[name.partition("/")[0]])
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            halved = {path: value.detach().cpu().half().contiguous() for path, value in tensors.items()}
            save_file(halved, folder / name, metadata={"format": "pt"})


def draw_priors(base: Base, how: Dreambooth, folder: Path, seed: int) -> Latents:
    """Class pictures by the base model, kept as PNG in ``folder`` so that a resumed run has the same ones."""
    folder.mkdir(parents=True, exist_ok=True)
    prompts = tuple(islice(cycle(how.class_prompts), how.class_pictures))
    files = [folder / f"{number:03}.png" for number in range(len(prompts))]
    wanting = [number for number, file in enumerate(files) if not file.exists()]
    for number in tracked(wanting, "drawing class pictures"):
        drawn = base.draw([prompts[number]], seed + number, how.class_steps, DEFAULT_GUIDANCE_SCALE)[0]
        with whole_file(files[number]) as unfinished:
            drawn.save(unfinished, "PNG")
    pictures = []
    for file in files:
        with Image.open(file) as opened:
            pictures.append(opened.convert("RGB"))
    return encode_pictures(base, pictures, prompts)
