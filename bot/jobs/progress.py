"""Tells a courier where a job stands, always the newest; a slow platform never holds up the drawing."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from bot.jobs.courier import Courier
from bot.jobs.job import Job, Progress

log = logging.getLogger(__name__)

LAST_WORD_SECONDS = 10.0
"""How long a report under way may take once the job goes on to its end."""


class ProgressReporter:
    """One for each job. Reports that come while the courier is busy replace each other; a preview is not lost."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier
        self._next: tuple[Job, Progress] | None = None
        self._task: asyncio.Task[None] | None = None

    def tell(self, job: Job, progress: Progress) -> None:
        """Report soon; returns at once."""
        if self._next and progress.preview is None:
            progress = replace(progress, preview=self._next[1].preview)
        self._next = (job, progress)
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
