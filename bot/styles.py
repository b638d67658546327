"""What a style is, which adapter draws it where, and what the engine is asked for a job."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from bot.commands import SIZES
from bot.database import Connection, Database
from bot.errors import Refused
from bot.job import Job
from bot.request import Platform
from engine.protocol import AdapterUse, GenerationRequest

SAFETY = "nudity, blood, gore, violence"
"""Kept out of every picture: what is drawn must be fit for children."""
PARTIAL_IMAGES = 3
"""Partial pictures of one job."""


@dataclass(frozen=True, slots=True)
class Style:
    """A built-in style.

    adapter: the one it is drawn with unless a moderator says otherwise; None is the base model alone.
    weight: of that adapter; one that a moderator chose is drawn at its full weight.
    frame: the prompt that the model gets, with ``{prompt}`` in it. negative: always kept out of the picture.
    """

    name: str
    adapter: str | None
    frame: str
    negative: str
    steps: int = 25
    guidance_scale: float = 7.0
    sampler: str = "dpm++-2m"
    size: str = "square"
    weight: float = 1.0


STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        Style("kancil", "kancil", "{prompt}, storybook illustration", SAFETY, weight=0.7),
        Style("retro", "retro", "{prompt}, retro anime character", SAFETY),
        Style("landscape", "landscape", "{prompt}, fantasy landscape", SAFETY, weight=0.7),
        Style("draw", None, "{prompt}", SAFETY),
    )
}


@dataclass(frozen=True, slots=True)
class Binding:
    """Which adapter draws a style in one place. ``overridden``: a moderator of the place chose it."""

    style: str
    adapter: str | None
    overridden: bool


class Styles:
    """The styles, and each place's own choice of adapters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> Style:
        """The style of that name; raises Refused with the valid ones."""
        if style := STYLES.get(name):
            return style
        close = difflib.get_close_matches(name, STYLES, n=1)
        raise Refused("unknown-style", name=name, valid=tuple(STYLES), suggestion="".join(close))

    async def bindings(self, platform: Platform, place: str) -> tuple[Binding, ...]:
        """Every style that has an adapter, as it is drawn in this place."""
        rows = await self._database.rows(
            "SELECT style, adapter FROM bindings WHERE platform = :platform AND place = :place",
            {"platform": platform, "place": place},
        )
        chosen = {row["style"]: row["adapter"] for row in rows}
        return tuple(
            Binding(style.name, chosen.get(style.name, style.adapter), style.name in chosen)
            for style in STYLES.values()
            if style.adapter
        )

    async def adapter(self, platform: Platform, place: str, style: str) -> str | None:
        """The adapter that draws ``style`` in this place; None is the base model alone."""
        default = self.get(style).adapter
        bindings = {binding.style: binding.adapter for binding in await self.bindings(platform, place)}
        return bindings.get(style, default)

    async def move_place(self, platform: Platform, old: str, new: str) -> None:
        """The place has a new id (a Telegram group became a supergroup): its choices go with it."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE OR REPLACE bindings SET place = ? WHERE platform = ? AND place = ?", (new, platform, old)
            )


async def bind(connection: Connection, platform: Platform, place: str, style: str, adapter: str | None) -> None:
    """Draws ``style`` with ``adapter`` in this place from now on, in the caller's transaction."""
    await connection.execute(
        "INSERT OR REPLACE INTO bindings (platform, place, style, adapter) VALUES (?, ?, ?, ?)",
        (platform, place, style, adapter),
    )


async def unbind(connection: Connection, platform: Platform, place: str, style: str) -> None:
    """Draws ``style`` in this place with its built-in adapter again, in the caller's transaction."""
    await connection.execute(
        "DELETE FROM bindings WHERE platform = ? AND place = ? AND style = ?", (platform, place, style)
    )


def generation(job: Job, adapter: str | None) -> GenerationRequest:
    """What the engine is asked for ``job``, with every default of its style filled in."""
    style, asked = STYLES[job.request.style], job.request
    weight = style.weight if adapter == style.adapter else 1.0
    return GenerationRequest(
        prompt=style.frame.replace("{prompt}", asked.prompt),
        negative_prompt=", ".join(part for part in (asked.negative, style.negative) if part),
        n=asked.count,
        size=SIZES[asked.size or style.size],
        seed=job.seed,
        guidance_scale=style.guidance_scale if asked.guidance_scale is None else asked.guidance_scale,
        num_inference_steps=asked.steps or style.steps,
        sampler=asked.sampler or style.sampler,
        adapters=[AdapterUse(name=adapter, weight=weight)] if adapter else [],
        user=f"{job.origin.platform}:{job.origin.user}",
        stream=True,
        partial_images=PARTIAL_IMAGES,
        progress=True,
    )
