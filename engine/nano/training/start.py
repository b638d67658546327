"""Begin where finished weights ended: the networks of a weights folder as checkpoints at step 0."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from engine.nano.training.loop import Plan, Trainee
from engine.nano.training.unet import Painter
from engine.nano.weights import load_clip


def start_from(weights: Path, run: Path) -> None:
    """Write ``grow.pt``, ``clip.pt`` and ``unet.pt`` into ``run``; what later stages had left there is outdated."""
    vae = AutoencoderKL.from_pretrained(weights / "vae", torch_dtype=torch.float32)
    unet = UNet2DConditionModel.from_pretrained(weights / "unet", torch_dtype=torch.float32)
    clip = load_clip(weights)
    modules: dict[str, torch.nn.Module] = {"grow": vae, "clip": clip, "unet": Painter(unet, clip)}
    for name, module in modules.items():
        Trainee(module, run, Plan(name, steps=1, rate=0.0)).save()
    for outdated in ("latents.pt", "vision.pt"):
        (run / outdated).unlink(missing_ok=True)
