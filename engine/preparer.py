"""Everything a request needs before its first step: embeddings, noise, a sampler of its own."""

from __future__ import annotations

from engine.job import Job, Picture, partial_calls
from engine.model import Model
from engine.prompts import PromptEncoder
from engine.samplers import Sampling, build_scheduler
from engine.scheduler import Ticket


class Preparer:
    """Works in a thread beside the step loop."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._prompts = PromptEncoder(model.tokenizer)

    def prepare(self, job: Job) -> list[Picture]:
        """The job's pictures, ready for their first step."""
        plan = job.plan
        encoder = self._model.text_encoder
        prompt = self._prompts.encode(plan.prompt, encoder, "")
        negative = self._prompts.encode(plan.negative_prompt, encoder, "") if plan.guided else None
        pictures = []
        for index in range(plan.count):
            sampling = self._sampling(job, plan.seed_of(index))
            ticket = Ticket((job.id, index), plan.user or job.id, 2 if plan.guided else 1, sampling.latent.shape)
            due = partial_calls(plan.partials, sampling.calls)
            pictures.append(
                Picture(job, index, plan.seed_of(index), sampling, prompt, negative, ticket, partials_at=due)
            )
        return pictures

    def _sampling(self, job: Job, seed: int) -> Sampling:
        model, plan = self._model, job.plan
        width, height = (side // model.factor for side in plan.drawn)
        shape = (int(model.unet.config.in_channels), height, width)
        scheduler = build_scheduler(plan.sampler, model.noise_schedule, seed)
        return Sampling(scheduler, plan.steps, seed, shape, model.device, model.dtype)
