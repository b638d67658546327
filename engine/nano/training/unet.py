"""Train the U-Net on cached latents: v-prediction (Salimans & Ho 2022), min-SNR weights (Hang et al. 2023)."""

from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import CLIPModel

from engine.nano.architecture import TOKENS, build_scheduler, build_unet
from engine.nano.dataset import load_dataset
from engine.nano.training.clip import Captioner, load_trained_clip
from engine.nano.training.loop import Plan, Trainee, train
from engine.nano.training.vae import encode_dataset

BATCH = 24
EMPTY = 0.1  #: share of captions left empty, for classifier-free guidance
GAMMA = 5.0  #: min-SNR's cap


def unet_loss(
    unet: UNet2DConditionModel, scheduler: DDIMScheduler, latents: torch.Tensor, states: torch.Tensor, seed: int
) -> torch.Tensor:
    """The weighted error of v at random timesteps; ``latents`` (rows, 4, 16, 16), ``states`` (rows, 77, 160)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(latents.shape, generator=generator)
    timesteps = torch.randint(0, scheduler.config.num_train_timesteps, (len(latents),), generator=generator)
    noisy = scheduler.add_noise(latents, noise, timesteps).to(memory_format=torch.channels_last)
    target = scheduler.get_velocity(latents, noise, timesteps)
    error = (unet(noisy, timesteps, states).sample - target).pow(2).mean((1, 2, 3))
    alpha = scheduler.alphas_cumprod[timesteps]
    ratio = alpha / (1 - alpha)
    loss: torch.Tensor = (error * ratio.clamp(max=GAMMA) / (ratio + 1)).mean()
    return loss


def train_unet(run: Path, steps: int, resume: bool) -> None:
    """Train on the latents under ``run``; leaves ``unet.pt`` there."""
    torch.manual_seed(3)
    latents, (_, scenes) = encode_dataset(run), load_dataset(run / "data")
    unet, scheduler = build_unet().to(memory_format=torch.channels_last), build_scheduler()
    clip, captioner = load_trained_clip(run), Captioner(run)
    trainee = Trainee(unet, run, Plan("unet", steps, rate=8e-4))
    if resume:
        trainee.load()

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((3, step)).integers(len(scenes), size=BATCH)
        tokens = captioner.tokens([scenes[row] for row in rows], f"unet {step}", TOKENS, EMPTY)
        return unet_loss(unet, scheduler, latents[rows].float(), text_states(clip, tokens), step)

    train(trainee, loss_at)


@torch.no_grad()
def text_states(clip: CLIPModel, tokens: torch.Tensor) -> torch.Tensor:
    """What the pipeline's text encoder makes of token ids (rows, 77): (rows, 77, 160)."""
    states: torch.Tensor = clip.text_model(input_ids=tokens).last_hidden_state
    return states


def load_unet(run: Path) -> UNet2DConditionModel:
    """The trained U-Net: the moving average of its weights."""
    unet = build_unet()
    unet.load_state_dict(torch.load(run / "unet.pt", weights_only=True)["average"])
    return unet.requires_grad_(False).eval()
