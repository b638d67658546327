"""Grow the autoencoder by one block on either side (Karras et al. 2018): pictures of 128, the latents as they were.

The encoder learns to give for a large picture the latent that the small autoencoder gives for it at half the size; the
decoder learns to draw the large picture from that latent. So the U-Net costs no more than it did.
"""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from engine.nano.architecture import build_vae
from engine.nano.dataset import load_dataset
from engine.nano.training.loop import Plan, Trainee, load_average, train
from engine.nano.training.vae import load_small_vae, reconstruction_loss, small, to_tensor

BATCH = 8
NOISE = 0.06  #: share of the latents' spread that the decoder must ignore, so that small errors of the U-Net do no harm
LATENT_WEIGHT = 0.5  #: of the squared error of the encoder's moments, in units of the latents' spread


def train_grow(run: Path, steps: int, resume: bool) -> None:
    """Train on the pictures under ``run``; leaves ``grow.pt`` there."""
    torch.manual_seed(4)
    pixels, _ = load_dataset(run / "data")
    model = load_small_vae(run).to(memory_format=torch.channels_last)
    vae = grown(model).to(memory_format=torch.channels_last)
    spread = latents_spread(model, small(to_tensor(pixels[:512])))
    trainee = Trainee(vae, run, Plan("grow", steps, rate=1e-3, decay=0.5))
    if resume:
        trainee.load()
    if trainee.step < steps:
        (run / "latents.pt").unlink(missing_ok=True)

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((4, step)).integers(len(pixels), size=BATCH)
        pictures = to_tensor(pixels[rows]).to(memory_format=torch.channels_last)
        return grow_loss(vae, model, pictures, spread, step)

    train(trainee, loss_at)


def grown(model: AutoencoderKL) -> AutoencoderKL:
    """An autoencoder of 128 whose inner blocks are those of ``model``."""
    vae = build_vae()
    own = vae.state_dict()
    inherited = {place_in_grown(name): value for name, value in model.state_dict().items()}
    own |= {name: value for name, value in inherited.items() if name in own and own[name].shape == value.shape}
    vae.load_state_dict(own)
    return vae


def place_in_grown(name: str) -> str:
    """A parameter's name once a block was put before the encoder's first; the decoder's new one is its last."""
    head, separator, rest = name.partition("encoder.down_blocks.")
    if not separator:
        return name
    number, _, rest = rest.partition(".")
    return f"{head}{separator}{int(number) + 1}.{rest}"


def grow_loss(
    vae: AutoencoderKL, model: AutoencoderKL, pictures: torch.Tensor, spread: float, seed: int
) -> torch.Tensor:
    """How far ``vae`` is from ``model``'s moments and from the (rows, 3, 128, 128) ``pictures`` in [-1, 1]."""
    with torch.no_grad():
        wanted = model.encode(small(pictures)).latent_dist
    given = vae.encode(pictures).latent_dist
    noise = torch.randn(wanted.mean.shape, generator=torch.Generator().manual_seed(seed))
    drawn = vae.decode(wanted.mean + NOISE * spread * noise).sample
    moments = functional.mse_loss(given.mean, wanted.mean) / spread**2
    moments = moments + 0.01 * functional.mse_loss(given.logvar, wanted.logvar)
    loss: torch.Tensor = reconstruction_loss(drawn, pictures) + LATENT_WEIGHT * moments
    return loss


@torch.no_grad()
def latents_spread(vae: AutoencoderKL, pictures: torch.Tensor) -> float:
    """The standard deviation of the pictures' latents."""
    spread: float = vae.encode(pictures).latent_dist.mean.std().item()
    return spread


def load_vae(run: Path) -> AutoencoderKL:
    """The grown autoencoder, frozen, with ``scaling_factor`` set to 1 over the latents' standard deviation."""
    vae = build_vae()
    vae.load_state_dict(load_average(run, "grow"))
    vae.requires_grad_(False).eval()
    pixels, _ = load_dataset(run / "data")
    vae.register_to_config(scaling_factor=round(1 / latents_spread(vae, to_tensor(pixels[:512])), 4))
    return vae


def encode_dataset(run: Path) -> torch.Tensor:
    """The scaled latents of every picture, (rows, 4, 16, 16) fp16; kept in ``latents.pt``."""
    path = run / "latents.pt"
    if not path.exists():
        vae = load_vae(run).to(memory_format=torch.channels_last)
        pixels, _ = load_dataset(run / "data")
        with torch.no_grad():
            parts = [
                vae.encode(to_tensor(pixels[start : start + 100])).latent_dist.mean
                for start in range(0, len(pixels), 100)
            ]
        torch.save((torch.cat(parts) * vae.config.scaling_factor).half(), path)
    latents: torch.Tensor = torch.load(path, weights_only=True)
    return latents
