"""Train the small autoencoder: L1 on pixels and on their differences, a light pull of the latents to a Gaussian."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from engine.nano.architecture import build_small_vae
from engine.nano.dataset import Pixels, load_dataset
from engine.nano.training.loop import Plan, Trainee, load_average, train

BATCH = 8
KL_WEIGHT = 1e-6  #: times the divergence summed over a latent's 1,024 numbers


def to_tensor(pixels: Pixels) -> torch.Tensor:
    """(rows, height, width, 3) bytes to (rows, 3, height, width) in [-1, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def small(pictures: torch.Tensor) -> torch.Tensor:
    """(rows, 3, 128, 128) to (rows, 3, 64, 64), each pixel the mean of four."""
    return functional.avg_pool2d(pictures, 2)


def differences(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each pixel minus its left and its upper neighbour; keeps edges sharp."""
    return picture[..., 1:] - picture[..., :-1], picture[..., 1:, :] - picture[..., :-1, :]


def reconstruction_loss(drawn: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """L1 of the pixels plus L1 of their differences, for (rows, 3, height, width) in [-1, 1]."""
    loss = (drawn - pictures).abs().mean()
    for one, other in zip(differences(drawn), differences(pictures), strict=True):
        loss = loss + (one - other).abs().mean()
    return loss


def vae_loss(vae: AutoencoderKL, pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Reconstruction and divergence of a batch of (rows, 3, 64, 64) in [-1, 1]."""
    posterior = vae.encode(pictures).latent_dist
    drawn = vae.decode(posterior.sample(generator=generator)).sample
    loss: torch.Tensor = reconstruction_loss(drawn, pictures) + KL_WEIGHT * posterior.kl().mean()
    return loss


def train_vae(run: Path, steps: int, resume: bool) -> None:
    """Train on the pictures under ``run``; leaves ``vae.pt`` there."""
    torch.manual_seed(1)
    pixels, _ = load_dataset(run / "data")
    vae = build_small_vae().to(memory_format=torch.channels_last)
    trainee = Trainee(vae, run, Plan("vae", steps, rate=1e-3, decay=0.5))
    if resume:
        trainee.load()

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((1, step)).integers(len(pixels), size=BATCH)
        generator = torch.Generator().manual_seed(step)
        return vae_loss(vae, small(to_tensor(pixels[rows])).to(memory_format=torch.channels_last), generator)

    train(trainee, loss_at)


def load_small_vae(run: Path) -> AutoencoderKL:
    """The autoencoder as this stage left it, frozen."""
    vae = build_small_vae()
    vae.load_state_dict(load_average(run, "vae"))
    vae.requires_grad_(False).eval()
    return vae
