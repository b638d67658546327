"""Delivers jobs on Discord: live progress, then the pictures in the same message."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import aiohttp
import discord

from bot.frontends.discord.address import Address, is_fresh
from bot.frontends.discord.buttons import row
from bot.frontends.discord.live import Live
from bot.frontends.discord.posting import Answer, Poster
from bot.frontends.discord.text import CONTENT_MAX, bar, clip, escape, shown
from bot.frontends.discord.uploads import uploads
from bot.jobs.courier import Undeliverable
from bot.jobs.job import Job, Picture, Progress, State
from bot.replies.replies import Catalogues, Replies

PAUSES: tuple[float, ...] = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds before each further attempt while Discord is out of order."""
CAPTIONS = (1400, 1000, 700)
"""Characters of a caption, tried in turn: escaping makes it longer, up to twice."""
SMALLEST = 64 * 1024
"""Bytes below which no picture is shrunk."""
BROKEN = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)
"""What may pass by itself."""

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class DiscordCourier:
    """Implements ``bot.jobs.courier.Courier``."""

    def __init__(self, client: discord.Client, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self._poster = Poster(client)
        self._live: dict[str, Live] = {}

    async def progress(self, job: Job, progress: Progress) -> None:
        """Returns at once; the edit is made when it is due."""
        if job.id not in self._live:
            self._live[job.id] = Live(lambda newest: self._show(job, newest))
        self._live[job.id].show(progress)

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        await self._end_progress(job)
        replies = self._replies(job)
        content, view = caption(replies, job, pictures), row(replies, job, ("again", "delete"))
        limit = Address.of(job).limit
        while True:
            answer = Answer(content, view, await asyncio.to_thread(uploads, job, pictures, limit))
            try:
                return await self._persist(lambda answer=answer: self._poster.post(job, answer))  # type: ignore[misc]
            except discord.HTTPException as error:
                if error.status != 413:
                    raise
                if limit <= SMALLEST:
                    raise Undeliverable("undeliverable-too-large") from error
                limit = max(SMALLEST, min(limit, max(len(u.data) for u in answer.uploads)) // 2)
                log.warning("job %s: too large for Discord, trying files of %d bytes", job.id, limit)

    async def inform(self, job: Job) -> None:
        await self._end_progress(job)
        replies = self._replies(job)
        answer = Answer(shown(replies.ended(job)), row(replies, job, ("again", "delete")))
        try:
            await self._persist(lambda: self._poster.post(job, answer))
        except Undeliverable:
            log.warning("job %s: its member cannot be reached", job.id)

    async def close(self) -> None:
        """Ends what progress is still shown."""
        await asyncio.gather(*(live.end() for live in self._live.values()))
        self._live.clear()

    def _replies(self, job: Job) -> Replies:
        return self._catalogues.for_locale(job.origin.locale)

    async def _end_progress(self, job: Job) -> None:
        live = self._live.pop(job.id, None)
        if live is not None:
            await live.end()

    async def _show(self, job: Job, progress: Progress) -> bool:
        """One progress edit; False where the message can no longer be edited."""
        if not is_fresh(job):
            return False
        replies = self._replies(job)
        fields: dict[str, Any] = {"content": report(replies, job, progress), "view": row(replies, job, ("cancel",))}
        if progress.preview is not None:
            fields["attachments"] = [discord.File(io.BytesIO(progress.preview), f"preview-{job.id}.png")]
        try:
            await self._poster.edit(job, **fields)
        except (discord.HTTPException, *BROKEN) as error:
            log.info("job %s: progress not shown: %s", job.id, error)
            return isinstance(error, BROKEN)
        return True

    async def _persist(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """``attempt`` until it succeeds or fails for good; raises Undeliverable when Discord stays out of order."""
        for pause in (0.0, *PAUSES):
            await asyncio.sleep(pause)
            try:
                return await attempt()
            except discord.HTTPException as error:
                if error.status < 500 and error.status != 429:
                    raise
                log.warning("Discord fails: %s", error)
            except BROKEN as error:
                log.warning("Discord fails: %r", error)
        raise Undeliverable("undeliverable")


def report(replies: Replies, job: Job, progress: Progress) -> str:
    """Where the job stands, with a progress bar while it is drawn."""
    words = shown(replies.progress(job, progress))
    if progress.state is State.DRAWING and progress.steps:
        return clip(f"{bar(progress.step / progress.steps)}\n{words}", CONTENT_MAX)
    return words


def caption(replies: Replies, job: Job, pictures: Sequence[Picture]) -> str:
    """As much of the prompt as fits, escaped, with all parameters."""
    texts = [escape(replies.caption(job, pictures, limit)) for limit in CAPTIONS]
    return next((text for text in texts if len(text) <= CONTENT_MAX), clip(texts[-1], CONTENT_MAX))
