"""The text under a finished picture: the prompt and the parameters really used, short enough for the platform."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.commands.table import BASE_STYLE
from bot.jobs.job import Job, Picture
from bot.replies.text_length import length, shortened
from engine.protocol import SAMPLERS, UsedParameters

LEFT_OUT_MAX = 60
"""Characters of the words that are named because the model did not read them."""
CAPTION_MAX = 1024
"""Characters of a caption on Telegram, the narrowest platform."""


def caption(say: Callable[..., str], job: Job, pictures: Sequence[Picture], limit: int) -> str:
    """At most ``limit`` UTF-16 units, as the platforms count: first the negative prompt is left out, then the prompt
    is shortened. That an adapter could not be used, or words not be read, is always said."""
    used = pictures[0].used
    line = say(
        "caption-parameters",
        command=f"/{job.request.style}",
        seed=_seeds(pictures),
        cfg=used.guidance_scale,
        steps=say("caption-steps", n=used.steps),
        sampler=SAMPLERS.get(used.sampler, used.sampler),
        size=_size(say, used),
    )
    below = " · ".join(part for part in (line, _adapters(say, job, used), say("caption-job", job=job.id)) if part)
    notes = [say("caption-fallback", adapter=job.style.adapter)] if job.fallback else []
    if left_out := ", ".join(part for part in (used.prompt_left_out, used.negative_left_out) if part):
        notes.append(say("caption-left-out", words=shortened(left_out, LEFT_OUT_MAX)))
    below = "\n".join([*notes, below])
    negative = say("caption-negative", negative=job.request.negative) if job.request.negative else ""
    whole = "\n".join(part for part in (f"“{job.request.prompt}”", negative, below) if part)
    if length(whole) <= limit:
        return whole
    return f"“{shortened(job.request.prompt, limit - length(below) - 3)}”\n{below}"


def _size(say: Callable[..., str], used: UsedParameters) -> str:
    if used.drawn_size == used.size:
        return used.size
    return say("caption-enlarged", drawn=used.drawn_size, size=used.size)


def _adapters(say: Callable[..., str], job: Job, used: UsedParameters) -> str:
    """What drew it; a command without a style of its own is expected to be drawn by the base model."""
    if used.adapters:
        return say("caption-adapter", adapter=[use.name for use in used.adapters])
    return "" if job.request.style == BASE_STYLE or job.fallback else say("base-model")


def _seeds(pictures: Sequence[Picture]) -> str:
    first, last = pictures[0].seed, pictures[-1].seed
    return str(first) if first == last else f"{first}-{last}"
