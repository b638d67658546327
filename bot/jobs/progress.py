"""Tells a courier, and a courier its platform, where a job stands: always the newest, and never backwards."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum, auto

from bot.jobs.courier import Courier
from bot.jobs.job import Job, Progress, State

log = logging.getLogger(__name__)

LAST_WORD_SECONDS = 10.0
"""How long a report under way may take once the job goes on to its end."""
PARTS = 4
"""How often a picture being drawn is worth an edit."""
QUIET_SECONDS = 15.0
"""After this long without an edit, any change is worth one."""


class ProgressReporter:
    """One for each job. Reports that come while the courier is busy replace each other; a preview is not lost."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._newest: Progress | None = None
        self._next: tuple[Job, Progress] | None = None
        self._task: asyncio.Task[None] | None = None

    def tell(self, job: Job, progress: Progress) -> None:
        """Report soon; returns at once."""
        self._newest = following(self._newest, progress)
        preview = self._newest.preview or (self._next[1].preview if self._next else None)
        self._next = (job, replace(self._newest, preview=preview))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._report(), name=f"progress of {job.id}")

    async def close(self) -> None:
        """Returns once the courier is no longer reporting; what it was not yet told is dropped."""
        self._next = None
        if self._task is None:
            return
        try:
            await asyncio.wait([self._task], timeout=LAST_WORD_SECONDS)
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _report(self) -> None:
        while self._next:
            (job, progress), self._next = self._next, None
            try:
                await self._courier.progress(job, progress)
            except Exception:
                log.exception("progress of job %s could not be shown", job.id)


class Shown(Enum):
    """What became of an edit. LATER: the platform had no room for it now. NEVER: the message takes no more edits."""

    YES = auto()
    LATER = auto()
    NEVER = auto()


class LatestProgress:
    """Shows one job's progress in its message: only what is worth an edit, at a distance, the newest first.

    edit: shows it, and says what became of that; raises nothing. gap: seconds between two edits.
    """

    def __init__(self, edit: Callable[[Job, Progress], Awaitable[Shown]], gap: float = 0.0) -> None:
        self._edit = edit
        self._gap = gap
        self._told: Progress | None = None
        self._told_at = 0.0
        self._preview: bytes | None = None
        self._next: tuple[Job, Progress] | None = None
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def show(self, job: Job, progress: Progress) -> None:
        """Soon, unless something newer comes first; returns at once."""
        self._preview = progress.preview or self._preview
        self._next = (job, replace(progress, preview=self._preview))
        if not self._ended.is_set() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work(), name=f"message of {job.id}")

    async def settled(self) -> None:
        """Returns once everything that is worth an edit was edited."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def end(self) -> None:
        """No edit reaches the message after this."""
        self._ended.set()
        await self.settled()

    async def _work(self) -> None:
        while self._next is not None and not self._ended.is_set():
            (job, progress), self._next = self._next, None
            quiet = time.monotonic() - self._told_at
            if worth_telling(self._told, progress, quiet):
                await self._show(job, progress)
                await self._pause()

    async def _show(self, job: Job, progress: Progress) -> None:
        match await self._edit(job, progress):
            case Shown.YES:
                self._told, self._told_at = replace(progress, preview=None), time.monotonic()
                if self._preview is progress.preview:
                    self._preview = None
            case Shown.LATER:
                pass
            case Shown.NEVER:
                self._ended.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._gap):
                await self._ended.wait()
        except TimeoutError:
            return


def following(before: Progress | None, now: Progress) -> Progress:
    """``now``, not behind ``before``: a partial picture is decoded beside the drawing, and comes late.

    It tells no time either, so the last expectation stays.
    """
    if before is None or before.state is not now.state:
        return now
    eta = before.eta if now.eta is None else now.eta
    return replace(now, step=max(before.step, now.step), steps=now.steps or before.steps, eta=eta)


def worth_telling(before: Progress | None, now: Progress, quiet: float = 0.0) -> bool:
    """Whether ``now`` says enough that ``before`` did not, which was shown ``quiet`` seconds ago."""
    if before is None or before.state is not now.state or now.preview is not None:
        return True
    if before.engine_away is not now.engine_away:
        return True
    return _mark(before) != _mark(now) or (quiet >= QUIET_SECONDS and before != now)


def _mark(progress: Progress) -> int:
    """Places 1 to 9, 11, 13, 16, 20 and so on in the queue; the quarter of the steps that is done."""
    if progress.state is not State.QUEUED:
        return PARTS * progress.step // max(progress.steps, 1)
    mark = min(progress.position, 9)
    while mark < progress.position:
        mark += max(2, mark // 4)
    return mark
