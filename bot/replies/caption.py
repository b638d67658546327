"""The text under a finished picture: the prompt and the parameters really used, short enough for the platform."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.jobs.job import Job, Picture
from bot.replies.text_length import length, shortened

CAPTION_MAX = 1024
"""Characters of a caption on Telegram, the narrowest platform."""
PARAMETER = re.compile(r"(?P<name>[A-Z][\w ]*): (?P<value>[^,]+)")
"""One entry of the last line of an AUTOMATIC1111 parameters text."""


def caption(say: Callable[..., str], job: Job, pictures: Sequence[Picture], limit: int) -> str:
    """At most ``limit`` UTF-16 units, as the platforms count: first the negative prompt is left out, then the prompt
    is shortened."""
    used = used_parameters(pictures[0].parameters)
    line = say(
        "caption-parameters",
        command=f"/{job.request.style}",
        seed=_seeds(pictures),
        cfg=float(used.get("CFG scale", 0)),
        steps=used.get("Steps", ""),
        sampler=used.get("Sampler", ""),
        size=used.get("Enlarged to") or used.get("Size", ""),
    )
    name = job.style.adapter
    adapter = f" · {say('caption-adapter', adapter=name)}" if drawn_with(name, pictures[0]) else ""
    below = f"{line}{adapter} · {say('caption-job', job=job.id)}"
    negative = say("caption-negative", negative=job.request.negative) if job.request.negative else ""
    whole = "\n".join(part for part in (f"“{job.request.prompt}”", negative, below) if part)
    if length(whole) <= limit:
        return whole
    return f"“{shortened(job.request.prompt, limit - length(below) - 3)}”\n{below}"


def used_parameters(text: str) -> dict[str, str]:
    """``Steps``, ``Sampler``, ``CFG scale``, ``Seed``, ``Size`` and what else the last line names."""
    return {match["name"]: match["value"] for match in PARAMETER.finditer(text.rpartition("\n")[2])}


def drawn_with(adapter: str | None, picture: Picture) -> bool:
    """Whether the job's adapter really drew it; where it was not usable, the base model did."""
    return adapter is not None and f"<lora:{adapter}:" in picture.parameters


def _seeds(pictures: Sequence[Picture]) -> str:
    first, last = pictures[0].seed, pictures[-1].seed
    return str(first) if first == last else f"{first}-{last}"
