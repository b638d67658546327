"""From a job to the request that the engine gets, with every default filled in."""

from __future__ import annotations

from bot.commands.table import MEMBER_GUIDANCE_SCALE, SIZES
from bot.jobs.job import Job
from engine.protocol import AdapterUse, GenerationRequest

SAFETY = "nudity, blood, gore, violence"
"""Kept out of every picture: what is drawn must be fit for children. Stands first: at the end of a long negative prompt
it changes next to nothing."""
STEPS, MEMBER_DEFAULT_GUIDANCE, SAMPLER, SIZE = 25, 7.0, "dpm++-2m", "square"
"""How a member's picture is drawn where the command says nothing else; the guidance scale is the bot's own wish, a
little lower than the engine's default."""
PARTIAL_IMAGES = 3
"""Partial pictures of one job."""


def generation(job: Job, adapter: str | None) -> GenerationRequest:
    """What the engine is asked for ``job``, with every default filled in. ``adapter``: the job's, or none."""
    request, style = job.request, job.style
    return GenerationRequest(
        prompt=request.prompt,
        frame=style.frame,
        negative_prompt=request.negative or SAFETY,
        negative_frame=f"{SAFETY}, {{prompt}}" if request.negative else "{prompt}",
        n=request.count,
        size=SIZES[request.size or SIZE],
        seed=job.seed,
        guidance_scale=max(request.guidance_scale or MEMBER_DEFAULT_GUIDANCE, MEMBER_GUIDANCE_SCALE[0]),
        num_inference_steps=request.steps or STEPS,
        sampler=request.sampler or SAMPLER,
        adapters=[AdapterUse(name=adapter, weight=style.weight)] if adapter else [],
        user=f"{job.origin.platform}:{job.origin.user}",
        stream=True,
        partial_images=PARTIAL_IMAGES,
        progress=True,
    )
