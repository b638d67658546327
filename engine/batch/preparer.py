"""Everything a request needs before its first step: adapters, embeddings, noise, a sampler of its own."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

import torch

from engine.adapters.cache import AdapterCache, HeldAdapters
from engine.adapters.slots import SlotBank
from engine.batch.active_request import ActivePicture, ActiveRequest, partial_calls
from engine.batch.scheduler import CallKey, Ticket
from engine.diffusion.model import Model
from engine.plan import fitted_plan
from engine.prompts.encoding import PromptCache, encode_text
from engine.protocol import ADAPTERS_MAX
from engine.samplers.sampling import Sampling, build_sampler


class Preparer:
    """Works in threads beside the step loop."""

    def __init__(self, model: Model, cache: AdapterCache, bank: SlotBank, turns: AbstractContextManager[None]) -> None:
        self._model = model
        self._cache = cache
        self._bank = bank
        self._encoding = threading.Lock()
        self._turns = turns
        self.prompts = PromptCache()

    def prepare(self, job: ActiveRequest) -> list[ActivePicture]:
        """The job's pictures, ready for their first step; ``job.applied`` must be released when they are over.

        :raises EngineError, OutOfRoom: see ``AdapterCache.acquire``.
        """
        plan = job.plan = fitted_plan(job.plan, self._model.tokenizer)
        applied = job.applied = self._cache.acquire(plan.adapters)
        prompt = self._embed(plan.prompt, applied)
        negative = self._embed(plan.negative_prompt, applied) if plan.guided else None
        pictures = []
        for index in range(plan.count):
            sampling = self._sampling(job, plan.seed_of(index))
            due = partial_calls(plan.partials, sampling.calls)
            ticket = self._ticket(job, index, sampling, applied)
            pictures.append(
                ActivePicture(job, index, plan.seed_of(index), sampling, prompt, negative, ticket, applied, due)
            )
        return pictures

    def release(self, applied: HeldAdapters) -> None:
        """A job that was prepared is over."""
        self._cache.release(applied)

    def in_memory(self, job: ActiveRequest) -> bool:
        """Whether every adapter of the job is in memory."""
        return self._cache.in_memory(job.plan.adapters)

    def wants_variant(self, job: ActiveRequest) -> bool:
        """Whether the job draws with a DreamBooth checkpoint."""
        return bool(job.plan.adapters) and self._cache.wants_variant(job.plan.adapters)

    def _ticket(self, job: ActiveRequest, index: int, sampling: Sampling, applied: HeldAdapters) -> Ticket:
        pixels = job.plan.drawn[0] * job.plan.drawn[1]
        return Ticket(
            (job.id, index),
            job.plan.user,
            2 if job.plan.guided else 1,
            CallKey(applied.variant.key, tuple(sampling.latent.shape)),
            frozenset(lora.key for lora, _ in applied.loras if lora.file.unet),
            max(1.0, pixels / self._model.native**2),
        )

    def _embed(self, text: str, applied: HeldAdapters) -> torch.Tensor:
        """The embedding of ``text`` by the request's own text encoder."""
        uses = tuple((lora.key, weight) for lora, weight in applied.loras if lora.file.text_encoder)
        with self._encoding:
            key = (applied.variant.key, uses, text)
            if (known := self.prompts.get(key)) is not None:
                return known
            with self._turns, torch.inference_mode():
                self._bank.select([uses], {lora.key: lora.file.text_encoder for lora, _ in applied.loras})
                made = encode_text(text, self._model.tokenizer, applied.variant.text_encoder)
            self.prompts.put(key, made)
            return made

    def _sampling(self, job: ActiveRequest, seed: int) -> Sampling:
        model, plan = self._model, job.plan
        width, height = (side // model.vae_scale_factor for side in plan.drawn)
        shape = (int(model.unet.config.in_channels), height, width)
        scheduler = build_sampler(plan.sampler, model.noise_schedule, seed)
        return Sampling(scheduler, plan.steps, seed, shape, model.device, model.dtype)


def text_bank(model: Model) -> SlotBank:
    """Slots for the text encoder, which encodes one prompt at a time."""
    return SlotBank(model.text_encoder, ADAPTERS_MAX)
