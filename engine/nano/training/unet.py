"""Train the U-Net on cached latents: v-prediction (Salimans & Ho 2022), min-SNR weights (Hang et al. 2023)."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch.nn import functional
from transformers import CLIPModel

from engine.nano.architecture import TOKENS, build_scheduler, build_unet, clip_config
from engine.nano.dataset import load_dataset
from engine.nano.training.clip import Captioner, load_clip_stage
from engine.nano.training.grow import encode_dataset
from engine.nano.training.loop import Plan, Trainee, load_average, train

BATCH = 24
EMPTY = 0.1  #: share of captions left empty, for classifier-free guidance
GAMMA = 2.0  #: min-SNR's cap
UNIFORM = 0.2  #: share of timesteps drawn uniformly


def timestep_shares(scheduler: DDIMScheduler) -> torch.Tensor:
    """How often to draw each timestep: by its min-SNR weight, which saves weighting the loss, and partly uniformly."""
    ratio = scheduler.alphas_cumprod / (1 - scheduler.alphas_cumprod)
    weight = ratio.clamp(max=GAMMA) / (ratio + 1)
    shares: torch.Tensor = (1 - UNIFORM) * weight / weight.sum() + UNIFORM / len(weight)
    return shares


def unet_loss(
    unet: UNet2DConditionModel, scheduler: DDIMScheduler, latents: torch.Tensor, states: torch.Tensor, seed: int
) -> torch.Tensor:
    """The squared error of v at random timesteps; ``latents`` (rows, 4, 16, 16), ``states`` (rows, 77, 160)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(latents.shape, generator=generator)
    timesteps = torch.multinomial(timestep_shares(scheduler), len(latents), replacement=True, generator=generator)
    noisy = scheduler.add_noise(latents, noise, timesteps).to(memory_format=torch.channels_last)
    target = scheduler.get_velocity(latents, noise, timesteps)
    return functional.mse_loss(unet(noisy, timesteps, states).sample, target)


class Painter(torch.nn.Module):
    """The U-Net and the text tower that tells it what to draw; both learn, down to the words' embeddings."""

    def __init__(self, unet: UNet2DConditionModel, clip: CLIPModel) -> None:
        super().__init__()
        self.unet, self.text = unet, clip.text_model


def train_unet(run: Path, steps: int, resume: bool) -> None:
    """Train on the latents under ``run``, together with CLIP's text tower; leaves ``unet.pt`` there."""
    torch.manual_seed(3)
    latents, (_, scenes) = encode_dataset(run), load_dataset(run / "data")
    painter = Painter(build_unet().to(memory_format=torch.channels_last), load_clip_stage(run).requires_grad_(True))
    scheduler, captioner = build_scheduler(), Captioner(run)
    trainee = Trainee(painter, run, Plan("unet", steps, rate=1.2e-3, decay=1.0))
    if resume:
        trainee.load()
    if trainee.step < steps:
        (run / "vision.pt").unlink(missing_ok=True)  # it was fitted to the text tower that is about to change

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((3, step)).integers(len(scenes), size=BATCH)
        tokens = captioner.tokens([scenes[row] for row in rows], f"unet {step}", TOKENS, EMPTY)
        states = painter.text(input_ids=tokens).last_hidden_state
        return unet_loss(painter.unet, scheduler, latents[rows].float(), states, step)

    train(trainee, loss_at)


def load_painter(run: Path) -> Painter:
    """The trained U-Net and text tower: the moving average of their weights."""
    painter = Painter(build_unet(), CLIPModel(clip_config()))
    painter.load_state_dict(load_average(run, "unet"))
    return painter.requires_grad_(False).eval()
