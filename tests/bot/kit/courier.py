"""A courier that remembers, and fails where a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.jobs.job import Job, Picture, Progress
from tests.kit.eventually import Changes


class Recorder(Changes):
    """``delivered`` and ``informed`` in order; ``gate`` holds deliveries back while it is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[Progress] = []
        self.delivered: list[tuple[Job, list[Picture]]] = []
        self.informed: list[Job] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.delivering = asyncio.Event()

    async def progress(self, job: Job, progress: Progress) -> None:
        self.reports.append(progress)
        self.notify()
        if self.error:
            raise self.error

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        self.delivering.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        self.delivered.append((job, list(pictures)))
        return f"message of {job.id}"

    async def inform(self, job: Job) -> None:
        self.informed.append(job)
        if self.error:
            raise self.error
