"""Which adapter draws a style where, and what the engine is asked for a job."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from bot.commands.request import Platform
from bot.commands.table import SIZES
from bot.errors import Refused
from bot.jobs.job import Job, Look
from bot.storage.database import Connection, Database
from bot.styles.catalogue import Repertoire
from engine.protocol import AdapterUse, GenerationRequest

SAFETY = "nudity, blood, gore, violence"
"""Kept out of every picture: what is drawn must be fit for children."""
STEPS, GUIDANCE_SCALE, SAMPLER, SIZE = 25, 7.0, "dpm++-2m", "square"
"""Where a member says nothing else."""
PARTIAL_IMAGES = 3
"""Partial pictures of one job."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Which adapter draws a style in one place. ``overridden``: a moderator of the place chose it."""

    style: str
    adapter: str | None
    overridden: bool


class Styles:
    """Each place's own choice of adapters."""

    def __init__(self, database: Database, repertoire: Repertoire) -> None:
        self._database = database
        self._repertoire = repertoire

    async def bindings(self, platform: Platform, place: str) -> tuple[Binding, ...]:
        """Every style that an adapter can draw, as it is drawn in this place."""
        rows = await self._database.rows(
            "SELECT style, adapter FROM bindings WHERE platform = :platform AND place = :place",
            {"platform": platform, "place": place},
        )
        chosen = {row["style"]: row["adapter"] for row in rows}
        return tuple(
            Binding(style, chosen.get(style, self._repertoire.own(style)), style in chosen)
            for style in self._repertoire.adapted
        )

    async def look(self, platform: Platform, place: str, style: str) -> Look:
        """How ``style`` is drawn in this place; raises Refused with the valid styles."""
        styles = tuple(command.name for command in self._repertoire.commands.styles)
        if style not in styles:
            close = difflib.get_close_matches(style, styles, n=1)
            raise Refused("unknown-style", name=style, valid=styles, suggestion="".join(close))
        bindings = {binding.style: binding.adapter for binding in await self.bindings(platform, place)}
        return self._repertoire.look(style, bindings.get(style))

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
    """Draws ``style`` in this place with its own adapter again, in the caller's transaction."""
    await connection.execute(
        "DELETE FROM bindings WHERE platform = ? AND place = ? AND style = ?", (platform, place, style)
    )


def generation(job: Job, adapter: str | None) -> GenerationRequest:
    """What the engine is asked for ``job``, with every default filled in. ``adapter``: the job's, or none."""
    asked, look = job.request, job.look
    return GenerationRequest(
        prompt=look.frame.replace("{prompt}", asked.prompt),
        negative_prompt=", ".join(part for part in (asked.negative, SAFETY) if part),
        n=asked.count,
        size=SIZES[asked.size or SIZE],
        seed=job.seed,
        guidance_scale=GUIDANCE_SCALE if asked.guidance_scale is None else asked.guidance_scale,
        num_inference_steps=asked.steps or STEPS,
        sampler=asked.sampler or SAMPLER,
        adapters=[AdapterUse(name=adapter, weight=look.weight)] if adapter else [],
        user=f"{job.origin.platform}:{job.origin.user}",
        stream=True,
        partial_images=PARTIAL_IMAGES,
        progress=True,
    )
