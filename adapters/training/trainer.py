"""One optimizer step after the other. Everything random in step n comes from the seed and n alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from adapters.training.base import Base
from adapters.training.data import Latents, batches
from adapters.training.loss import diffusion_loss, target, timestep_weights
from adapters.training.method import Method
from adapters.training.optimizer import learning_rate, make_optimizer
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


def checkpoint_activations(module: Any) -> None:
    """Gradient checkpointing of a transformers module, under its old name or the new one that warns of the old."""
    old = "gradient_checkpointing_enable"
    getattr(module, "activation_checkpointing_enable" if hasattr(module, "activation_checkpointing_enable") else old)()


@dataclass(frozen=True)
class Inputs:
    """One U-Net call of training: noisy latents and what to predict (rows, 4, height, width), the weight of each row.

    The first ``own`` rows are the batch, the others its priors.
    """

    noisy: torch.Tensor
    timesteps: torch.Tensor
    embeddings: torch.Tensor
    wanted: torch.Tensor
    weights: torch.Tensor
    own: int


class Trainer:
    """Holds the optimizer and the data. ``step(n)`` must be called with rising n, from ``start`` on."""

    def __init__(self, base: Base, method: Method, latents: Latents, how: Training, *, steps: int, start: int) -> None:
        self._base, self._method, self._how, self._steps = base, method, how, steps
        self._latents, self._priors = latents, method.priors
        prior_prompts = self._priors.prompts if self._priors else ()
        self._captions = Captions(base, [*latents.prompts, *prior_prompts], keep=not method.trains_text)
        self._parameters = list(method.parameters().values())
        self.optimizer = make_optimizer(how, self._parameters)
        self.scaler = torch.amp.GradScaler(base.device.type, enabled=base.dtype == torch.float16)
        first = start * how.gradient_accumulation
        self._batches = batches(latents.pictures, how.batch_size, how.seed, first)
        if how.gradient_checkpointing:
            base.unet.enable_gradient_checkpointing()
            checkpoint_activations(base.text_encoder)
        base.unet.train()
        base.text_encoder.train(method.trains_text)

    @property
    def pictures(self) -> int:
        """How many there are to train on."""
        return self._latents.pictures

    def step(self, number: int) -> float:
        """One optimizer step; returns its diffusion loss, the mean over the accumulated batches."""
        parts = self._how.gradient_accumulation
        total = 0.0
        for part, batch in enumerate(islice(self._batches, parts)):
            loss = self.loss(self.inputs(batch, number * parts + part))
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

    def loss(self, inputs: Inputs) -> torch.Tensor:
        """The mean over the batch's own rows and, with priors, as many of those."""
        with self._base.autocast():
            predicted = self._base.unet(inputs.noisy, inputs.timesteps, inputs.embeddings).sample
        own, kept = slice(0, inputs.own), slice(inputs.own, None)
        loss = diffusion_loss(predicted[own], inputs.wanted[own], inputs.weights[own])
        if self._priors:
            prior = diffusion_loss(predicted[kept], inputs.wanted[kept], inputs.weights[kept])
            loss = loss + self._method.prior_weight * prior
        return loss

    def inputs(self, batch: list[int], number: int) -> Inputs:
        """What the U-Net gets and should say for these pictures and their priors; ``number`` seeds all chance."""
        generator = torch.Generator().manual_seed(self._how.seed * 1_000_003 + number)
        latents, prompts = self._rows(batch, generator)
        added = self._normal(latents, generator)
        noise = self._base.noise
        timesteps = torch.randint(noise.config.num_train_timesteps, (len(latents),), generator=generator)
        timesteps = timesteps.to(self._base.device)
        return Inputs(
            noisy=noise.add_noise(latents, added, timesteps),
            timesteps=timesteps,
            embeddings=self._captions.embed(prompts),
            wanted=target(noise, latents, added, timesteps),
            weights=timestep_weights(noise, timesteps, self._how.min_snr_gamma),
            own=len(batch),
        )

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
