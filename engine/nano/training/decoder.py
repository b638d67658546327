"""Go on training the autoencoder's decoder alone: the U-Net depends only on the encoder, which stays as it is."""

from pathlib import Path

import numpy as np
import torch

from engine.nano.dataset import load_dataset
from engine.nano.training.loop import Plan, Trainee, train
from engine.nano.training.vae import encode_dataset, load_vae, reconstruction_loss, to_tensor

BATCH = 8
NOISE = 0.06  #: added to the scaled latents, so that small errors of the U-Net do no harm


def train_decoder(run: Path, steps: int, resume: bool) -> None:
    """Train on the latents and pictures under ``run``; leaves ``decoder.pt`` there, which ``load_vae`` prefers."""
    latents, (pixels, _) = encode_dataset(run), load_dataset(run / "data")
    vae = load_vae(run).to(memory_format=torch.channels_last)
    vae.decoder.requires_grad_(True)
    vae.post_quant_conv.requires_grad_(True)
    trainee = Trainee(vae, run, Plan("decoder", steps, rate=5e-4, decay=0.5))
    if resume:
        trainee.load()

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((4, step)).integers(len(pixels), size=BATCH)
        clean = latents[rows].float()
        noise = NOISE * torch.randn(clean.shape, generator=torch.Generator().manual_seed(step))
        drawn = vae.decode((clean + noise) / vae.config.scaling_factor).sample
        return reconstruction_loss(drawn, to_tensor(pixels[rows]))

    train(trainee, loss_at)
