"""One optimizer step after the other. Everything random in step n comes from the seed and n alone."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterable
from itertools import islice
from typing import Any

import torch

from adapters.training.base import Base
from adapters.training.data import Latents, batches
from adapters.training.loss import diffusion_loss, target, timestep_weights
from adapters.training.method import Method
from adapters.training.recipe import Training


class Captions:
    """All prompts of a run, and the empty one, as text embeddings; encoded once where ``keep``."""

    def __init__(self, base: Base, prompts: Iterable[str], keep: bool) -> None:
        self._base = base
        self._numbers = {prompt: number for number, prompt in enumerate(dict.fromkeys([*prompts, ""]))}
        self._ids = base.tokenize(list(self._numbers))
        with torch.no_grad():
            self._kept = self._encode(self._ids) if keep else None

    def embed(self, prompts: list[str]) -> torch.Tensor:
        """Embeddings (prompts, 77, width)."""
        numbers = [self._numbers[prompt] for prompt in prompts]
        return self._encode(self._ids[numbers]) if self._kept is None else self._kept[numbers]

    def _encode(self, ids: torch.Tensor) -> torch.Tensor:
        with self._base.autocast():
            embeddings: torch.Tensor = self._base.text_encoder(ids)[0]
        return embeddings


class Trainer:
    """Holds the optimizer and the data. ``step(n)`` must be called with rising n, from ``start`` on."""

    def __init__(self, base: Base, method: Method, latents: Latents, how: Training, *, steps: int, start: int) -> None:
        self._base, self._method, self._how, self._steps = base, method, how, steps
        self._latents, self._priors = latents, method.priors
        prior_prompts = self._priors.prompts if self._priors else ()
        self._captions = Captions(base, [*latents.prompts, *prior_prompts], keep=not method.trains_text)
        self._parameters = list(method.parameters().values())
        self.optimizer = make_optimizer(how, self._parameters, base.device)
        self.scaler = torch.amp.GradScaler(base.device.type, enabled=base.dtype == torch.float16)
        first = start * how.gradient_accumulation
        self._batches = batches(latents.pictures, how.batch_size, how.seed, first)
        if how.gradient_checkpointing:
            base.unet.enable_gradient_checkpointing()
            base.text_encoder.gradient_checkpointing_enable()
        base.unet.train()
        base.text_encoder.train(method.trains_text)

    def step(self, number: int) -> float:
        """One optimizer step; returns its diffusion loss, the mean over the accumulated batches."""
        parts = self._how.gradient_accumulation
        total = 0.0
        for part, batch in enumerate(islice(self._batches, parts)):
            loss = self._loss(batch, number * parts + part)
            penalty = self._method.penalty()
            whole = loss if penalty is None else loss + penalty
            torch.autograd.backward(self.scaler.scale(whole / parts))
            total += loss.item() / parts
        self._update(number)
        return total

    def _update(self, number: int) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self._how, number, self._steps)
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self._parameters, self._how.max_gradient_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)

    def _loss(self, batch: list[int], number: int) -> torch.Tensor:
        """The mean over the batch and, with priors, as many of those; ``number`` seeds all chance."""
        generator = torch.Generator().manual_seed(self._how.seed * 1_000_003 + number)
        latents, prompts = self._rows(batch, generator)
        added = self._normal(latents, generator)
        length = self._base.noise.config.num_train_timesteps
        timesteps = torch.randint(length, (len(latents),), generator=generator).to(self._base.device)
        noisy = self._base.noise.add_noise(latents, added, timesteps)
        with self._base.autocast():
            predicted = self._base.unet(noisy, timesteps, self._captions.embed(prompts)).sample
        wanted = target(self._base.noise, latents, added, timesteps)
        weights = timestep_weights(self._base.noise, timesteps, self._how.min_snr_gamma)
        own = slice(0, len(batch))
        loss = diffusion_loss(predicted[own], wanted[own], weights[own])
        if self._priors:
            kept = slice(len(batch), None)
            loss = loss + self._method.prior_weight * diffusion_loss(predicted[kept], wanted[kept], weights[kept])
        return loss

    def _rows(self, batch: list[int], generator: torch.Generator) -> tuple[torch.Tensor, list[str]]:
        """Latents drawn from the VAE's posterior, and prompts, of the batch and its priors."""
        variants = torch.randint(self._latents.variants, (len(batch),), generator=generator).tolist()
        rows = [picture * self._latents.variants + variant for picture, variant in zip(batch, variants, strict=True)]
        dropped = (torch.rand(len(batch), generator=generator) < self._how.caption_dropout).tolist()
        prompts = ["" if drop else self._latents.prompts[row] for row, drop in zip(rows, dropped, strict=True)]
        drawn = [self._sample(self._latents, rows, generator)]
        if self._priors:
            kept = torch.randint(self._priors.pictures, (len(batch),), generator=generator).tolist()
            drawn.append(self._sample(self._priors, kept, generator))
            prompts += [self._priors.prompts[row] for row in kept]
        return torch.cat(drawn), prompts

    def _sample(self, latents: Latents, rows: list[int], generator: torch.Generator) -> torch.Tensor:
        mean = latents.mean[rows]
        return mean + latents.deviation[rows] * self._normal(mean, generator)

    @staticmethod
    def _normal(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        return torch.randn(like.shape, generator=generator).to(like.device)


def learning_rate(how: Training, step: int, steps: int) -> float:
    """Rises over the warm-up, then stays, or falls to nothing along half a cosine."""
    if step < how.warmup_steps:
        return how.learning_rate * (step + 1) / how.warmup_steps
    if how.schedule == "constant":
        return how.learning_rate
    done = (step - how.warmup_steps) / max(1, steps - how.warmup_steps)
    return how.learning_rate * (1 + math.cos(math.pi * done)) / 2


def make_optimizer(how: Training, parameters: list[torch.nn.Parameter], device: torch.device) -> torch.optim.Optimizer:
    """AdamW, in 8 bits where the recipe asks for it and bitsandbytes and CUDA are here."""
    options: dict[str, Any] = {"lr": how.learning_rate, "weight_decay": how.weight_decay}
    if how.optimizer == "adamw-8bit" and device.type == "cuda" and importlib.util.find_spec("bitsandbytes"):
        bitsandbytes = importlib.import_module("bitsandbytes")
        optimizer: torch.optim.Optimizer = bitsandbytes.optim.AdamW8bit(parameters, **options)
        return optimizer
    return torch.optim.AdamW(parameters, **options)
