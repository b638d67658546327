"""How the studio reaches members: each frontend attaches one courier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.jobs.job import Job, Picture, Progress


class Undeliverable(Exception):
    """The platform refuses for good. ``reason`` is one of ``undeliverable``, ``undeliverable-permission``,
    ``undeliverable-gone``, ``undeliverable-removed`` (the job's message was deleted), ``undeliverable-too-large``,
    ``undeliverable-blocked`` (the member shut us out).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Courier(Protocol):
    """Delivers what happens to a job. Calls for one job come one after another, also after a restart of the bot.

    A courier keeps the platform's rate limits itself: ``progress`` may drop what comes too fast.
    """

    async def progress(self, job: Job, progress: Progress) -> None:
        """Show where the job stands. Must not raise for platform errors: progress is a courtesy."""
        ...

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        """Post the pictures; returns a reference of the message, kept in the journal.

        Raises Undeliverable when it can never succeed. Retries what may pass by itself.
        """
        ...

    async def inform(self, job: Job) -> None:
        """Tell the member that the job failed (``job.reason``) or was cancelled."""
        ...


class CurrentCourier:
    """The courier of a platform that may be connected anew meanwhile: whoever is attached when there is work."""

    def __init__(self, courier: Courier) -> None:
        self.courier = courier

    async def progress(self, job: Job, progress: Progress) -> None:
        await self.courier.progress(job, progress)

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        return await self.courier.deliver(job, pictures)

    async def inform(self, job: Job) -> None:
        await self.courier.inform(job)
