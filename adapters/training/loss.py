"""The diffusion loss: mean squared error of the predicted noise or velocity, weighted by the signal-to-noise ratio."""

from __future__ import annotations

import torch
from diffusers import DDPMScheduler


def signal_to_noise(noise: DDPMScheduler, timesteps: torch.Tensor) -> torch.Tensor:
    """Alpha-bar over one minus alpha-bar at each timestep."""
    kept: torch.Tensor = noise.alphas_cumprod.to(timesteps.device)[timesteps]
    return kept / (1 - kept)


def timestep_weights(noise: DDPMScheduler, timesteps: torch.Tensor, gamma: float | None) -> torch.Tensor:
    """Min-SNR weights (Hang et al. 2023): min(SNR, gamma) / SNR for epsilon, over SNR + 1 for v; 1 without gamma."""
    if gamma is None:
        return torch.ones(timesteps.shape, device=timesteps.device)
    ratio = signal_to_noise(noise, timesteps)
    velocity = noise.config.prediction_type == "v_prediction"
    return ratio.clamp(max=gamma) / (ratio + 1 if velocity else ratio)


def target(noise: DDPMScheduler, latents: torch.Tensor, added: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
    """What the U-Net should predict: the noise that was added, or the velocity (Salimans and Ho 2022)."""
    if noise.config.prediction_type == "v_prediction":
        velocity: torch.Tensor = noise.get_velocity(latents, added, timesteps)
        return velocity
    return added


def diffusion_loss(predicted: torch.Tensor, wanted: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The mean over rows of each row's mean squared error times its weight."""
    errors = (predicted.float() - wanted.float()).square().flatten(1).mean(dim=1)
    return (errors * weights).mean()
