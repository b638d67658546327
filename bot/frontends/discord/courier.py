"""Delivers jobs on Discord: live progress, then the pictures in the same message."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import aiohttp
import discord

from bot.commands.buttons import WHEN_DELIVERED, WHEN_FAILED, WHILE_DRAWING
from bot.frontends.discord.address import Address, is_fresh
from bot.frontends.discord.buttons import row
from bot.frontends.discord.posting import MessageContent, Poster, is_removed
from bot.frontends.discord.text import CONTENT_MAX, bar, clip, escape, shown
from bot.frontends.discord.uploads import uploads
from bot.jobs.courier import Undeliverable
from bot.jobs.job import Job, Picture, Progress, State
from bot.jobs.progress import LatestProgress, Shown
from bot.replies.replies import Catalogues, Replies

GAP = 1.5
"""Seconds between two edits of one message."""
CAPTIONS = (1400, 1000, 700)
"""Characters of a caption, tried in turn: escaping makes it longer, up to twice."""
SMALLEST = 64 * 1024
"""Bytes below which no picture is shrunk."""
BROKEN = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)
"""What may pass by itself."""

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class DiscordCourier:
    """Implements ``bot.jobs.courier.Courier``. ``pauses``: seconds before each further attempt to deliver."""

    def __init__(
        self, client: discord.Client, catalogues: Catalogues, stop: Callable[[str], object], pauses: Sequence[float]
    ) -> None:
        self._catalogues = catalogues
        self._poster = Poster(client)
        self._stop = stop
        self._pauses = pauses
        self._progress: dict[str, LatestProgress] = {}
        self._openings: dict[str, asyncio.Event] = {}

    @contextmanager
    def opening(self, token: str) -> Iterator[None]:
        """Inside, a job may be accepted whose message is not there yet: nothing is told about it until the end."""
        self._openings[token] = opened = asyncio.Event()
        try:
            yield
        finally:
            del self._openings[token]
            opened.set()

    def first_words(self, job: Job) -> tuple[str, discord.ui.View]:
        """What the message of a job that was accepted just now shows."""
        replies = self._replies(job)
        return named(replies, job, shown(replies.accepted(job))), row(replies, job, WHILE_DRAWING)

    async def progress(self, job: Job, progress: Progress) -> None:
        """Returns at once; the edit is made when it is due."""
        self._progress.setdefault(job.id, LatestProgress(self._show, GAP)).show(job, progress)

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        await self._end_progress(job)
        replies = self._replies(job)
        content, view = caption(replies, job, pictures), row(replies, job, WHEN_DELIVERED)
        limit = Address.of(job).limit
        while True:
            answer = MessageContent(content, view, await asyncio.to_thread(uploads, job, pictures, limit))
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
        answer = MessageContent(named(replies, job, shown(replies.ended(job))), row(replies, job, WHEN_FAILED))
        try:
            await self._persist(lambda: self._poster.post(job, answer))
        except Undeliverable as error:
            log.warning("job %s: its member is not told (%s)", job.id, error.reason)

    async def close(self) -> None:
        """Ends what progress is still shown."""
        await asyncio.gather(*(progress.end() for progress in self._progress.values()))
        self._progress.clear()

    def _replies(self, job: Job) -> Replies:
        return self._catalogues.for_locale(job.origin.locale)

    async def _end_progress(self, job: Job) -> None:
        """The job's message is there, if ever, and no edit reaches it any more."""
        await self._opened(job)
        if progress := self._progress.pop(job.id, None):
            await progress.end()

    async def _opened(self, job: Job) -> None:
        if opening := self._openings.get(Address.of(job).token):
            await opening.wait()

    async def _show(self, job: Job, progress: Progress) -> Shown:
        """One progress edit. A message that somebody deleted takes its job along."""
        await self._opened(job)
        if not is_fresh(job):
            return Shown.NEVER
        replies = self._replies(job)
        fields: dict[str, Any] = {"content": report(replies, job, progress), "view": row(replies, job, WHILE_DRAWING)}
        if progress.preview is not None:
            fields["attachments"] = [discord.File(io.BytesIO(progress.preview), f"preview-{job.id}.png")]
        try:
            await self._poster.edit(job, **fields)
        except (discord.HTTPException, *BROKEN) as error:
            log.info("job %s: progress not shown: %s", job.id, error)
            if is_removed(job, error):
                self._stop(job.id)
            return Shown.LATER if isinstance(error, BROKEN) else Shown.NEVER
        return Shown.YES

    async def _persist(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """``attempt`` until it succeeds or fails for good; raises Undeliverable when Discord stays out of order."""
        for pause in (0.0, *self._pauses):
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
        words = f"{bar(progress.step / progress.steps)}\n{words}"
    return named(replies, job, words)


def caption(replies: Replies, job: Job, pictures: Sequence[Picture]) -> str:
    """As much of the prompt as fits, escaped, with all parameters."""
    texts = [named(replies, job, escape(replies.caption(job, pictures, limit))) for limit in CAPTIONS]
    return next((text for text in texts if len(text) <= CONTENT_MAX), clip(texts[-1], CONTENT_MAX))


def named(replies: Replies, job: Job, words: str) -> str:
    """The words; below whoever pressed "Again", of whom Discord shows nothing. The mention calls nobody."""
    if not Address.of(job).again:
        return words
    return f"{replies.say('asked-again', member=f'<@{job.origin.user}>')}\n{words}"
