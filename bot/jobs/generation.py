"""From a job to the request that the engine gets, with every default filled in."""

from __future__ import annotations

from bot.commands.table import SIZES
from bot.jobs.job import Job
from engine.protocol import AdapterUse, GenerationRequest

SAFETY = "nudity, blood, gore, violence"
"""Kept out of every picture: what is drawn must be fit for children."""
STEPS, GUIDANCE_SCALE, SAMPLER, SIZE = 25, 7.0, "dpm++-2m", "square"
"""Where a member says nothing else."""
PARTIAL_IMAGES = 3
"""Partial pictures of one job."""


def generation(job: Job, adapter: str | None) -> GenerationRequest:
    """What the engine is asked for ``job``, with every default filled in. ``adapter``: the job's, or none."""
    asked, style = job.request, job.style
    return GenerationRequest(
        prompt=style.frame.replace("{prompt}", asked.prompt),
        negative_prompt=", ".join(part for part in (asked.negative, SAFETY) if part),
        n=asked.count,
        size=SIZES[asked.size or SIZE],
        seed=job.seed,
        guidance_scale=GUIDANCE_SCALE if asked.guidance_scale is None else asked.guidance_scale,
        num_inference_steps=asked.steps or STEPS,
        sampler=asked.sampler or SAMPLER,
        adapters=[AdapterUse(name=adapter, weight=style.weight)] if adapter else [],
        user=f"{job.origin.platform}:{job.origin.user}",
        stream=True,
        partial_images=PARTIAL_IMAGES,
        progress=True,
    )
