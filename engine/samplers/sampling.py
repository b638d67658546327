"""One picture on its way from noise, with a diffusers scheduler of its own."""

from __future__ import annotations

import inspect
from typing import Any

import diffusers
import torch

from engine.samplers.table import SAMPLERS
from engine.transfer import send, without_waits


def build_sampler(sampler: str, noise_schedule: dict[str, Any], seed: int) -> Any:
    """A fresh diffusers scheduler, exactly as a pipeline with that sampler has it."""
    entry = SAMPLERS[sampler]
    options = dict(entry.options) | ({"noise_sampler_seed": seed} if entry.seeded else {})
    return getattr(diffusers, entry.scheduler_class).from_config(noise_schedule, **options)


class Sampling:
    """One picture on its way from noise: its scheduler, generator and latent (1, channels, height, width).

    Straight from ``StableDiffusionPipeline.__call__``, so that the picture is the same; but the timesteps stay in the
    CPU's memory, where schedulers and we can look at them without waiting for the card.
    """

    def __init__(  # noqa: PLR0917
        self,
        scheduler: Any,
        steps: int,
        seed: int,
        shape: tuple[int, int, int],
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.scheduler = scheduler
        scheduler.set_timesteps(steps, device="cpu")
        self.timesteps: torch.Tensor = scheduler.timesteps
        self.calls = len(self.timesteps)
        self.index = 0
        self.generator = torch.Generator("cpu").manual_seed(seed)
        noise = send(torch.randn((1, *shape), generator=self.generator, dtype=dtype), device)
        self.latent: torch.Tensor = noise * scheduler.init_noise_sigma
        known = inspect.signature(scheduler.step).parameters
        self._extra = {key: value for key, value in {"generator": self.generator, "eta": 0.0}.items() if key in known}

    @property
    def done(self) -> bool:
        return self.index == self.calls

    @property
    def timestep(self) -> torch.Tensor:
        """The timestep of the next U-Net call, as a tensor on the CPU."""
        return self.timesteps[self.index]

    def model_input(self) -> torch.Tensor:
        """The latent as the U-Net wants to see it at this timestep."""
        scaled: torch.Tensor = self.scheduler.scale_model_input(self.latent, self.timestep)
        return scaled

    def advance(self, model_output: torch.Tensor) -> None:
        """Take the U-Net's (guided) output and go on to the next timestep."""
        with without_waits(self.latent.device):
            step = self.scheduler.step(model_output, self.timestep, self.latent, **self._extra, return_dict=False)
        self.latent = step[0]
        self.index += 1
