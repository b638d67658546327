"""The use case: accept a command, have it drawn, hand it to the member. Knows no platform."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from dataclasses import replace

from bot.commands.request import DrawRequest
from bot.engine_link.client import EngineClient
from bot.errors import Refused
from bot.jobs.courier import Courier, CurrentCourier
from bot.jobs.job import TERMINAL_STATES, Job, State
from bot.jobs.journal import Journal, normal_id
from bot.jobs.run import JobRun
from bot.members.origin import Origin, Platform
from bot.styles.bindings import Styles
from engine.protocol import SEED_MAX

log = logging.getLogger(__name__)


class Studio:
    """One per bot process; owns a task for every job that is not finished.

    running_jobs: how many jobs of one member may be unfinished at the same time.
    """

    def __init__(self, journal: Journal, styles: Styles, engine: EngineClient, running_jobs: int) -> None:
        self._journal = journal
        self._styles = styles
        self._engine = engine
        self._running_jobs = running_jobs
        self._couriers: dict[Platform, CurrentCourier] = {}
        self._commissions: dict[str, JobRun] = {}
        self._running: Counter[tuple[Platform, str]] = Counter()
        self._closing = False

    def attach(self, platform: Platform, courier: Courier) -> None:
        """From now on ``courier`` delivers this platform's jobs, also those under way."""
        self._couriers.setdefault(platform, CurrentCourier(courier)).courier = courier

    async def recover(self, platform: Platform) -> int:
        """Take up what was accepted and not delivered before a restart; call once the platform is connected.

        One process alone may do so for a platform: it cannot see whether another one still works on a job.
        """
        found = [job for job in await self._journal.unfinished(platform) if job.id not in self._commissions]
        for job in found:
            self._running[job.origin.platform, job.origin.user] += 1
            self._start(job)
        return len(found)

    async def submit(self, origin: Origin, request: DrawRequest, key: str | None = None) -> Job:
        """Accept the request and start drawing; returns at once. Raises ``bot.errors.Refused``.

        key: what makes a command the same when it comes twice; the second time the first one's job is returned.
        """
        if self._closing:
            raise Refused("stopping")
        member = (origin.platform, origin.user)
        if self._running[member] >= self._running_jobs:
            raise Refused("too-many-jobs", n=self._running[member])
        self._running[member] += 1
        try:
            style = await self._styles.resolve(origin.platform, origin.place, request.style)
            seed = secrets.randbelow(SEED_MAX + 2 - request.count) if request.seed is None else request.seed
            job = await self._journal.accept(origin, request, seed, style, key)
        except BaseException:
            self._release(origin)
            raise
        if self._closing or job.id in self._commissions or job.state in TERMINAL_STATES:
            self._release(origin)
        else:
            self._start(job)
        return job

    async def accepted(self, platform: Platform, key: str) -> Job | None:
        """The job that a command with this key became."""
        return await self._journal.accepted(platform, key)

    async def again(self, origin: Origin, job_id: str, key: str | None = None) -> Job:
        """The request of an earlier job with a new seed (the button). Raises ``bot.errors.Refused``.

        Any member of the place may ask; it is drawn from that member's allowance.
        """
        job = await self._journal.get(job_id)
        if job is None or (job.origin.platform, job.origin.place) != (origin.platform, origin.place):
            raise Refused("unknown-job", name=job_id)
        return await self.submit(origin, replace(job.request, seed=None), key)

    async def cancel(self, origin: Origin, job_id: str | None = None) -> list[Job]:
        """Cancel that job of this member, or all of them; returns those that were stopped.

        Raises ``bot.errors.Refused`` where the member has no such job.
        """
        member = (origin.platform, origin.user)
        if job_id is not None:
            job = await self._journal.get(job_id)
            if job is None or (job.origin.platform, job.origin.user) != member:
                raise Refused("unknown-job", name=job_id)
            job_id = job.id
        wanted = [
            commission
            for commission in self._commissions.values()
            if (commission.job.origin.platform, commission.job.origin.user) == member
            and job_id in (None, commission.job.id)
        ]
        ended = await asyncio.gather(*(commission.cancel() for commission in wanted))
        return [job for job in ended if job.state is State.CANCELLED]

    async def job(self, job_id: str) -> Job | None:
        """The job with this public id."""
        return await self._journal.get(job_id)

    async def wait(self, job_id: str) -> Job:
        """The job once it is in a terminal state and its courier was told; raises ``bot.errors.Refused``."""
        if commission := self._commissions.get(normal_id(job_id)):
            return await commission.wait()
        if job := await self._journal.get(job_id):
            return job
        raise Refused("unknown-job", name=job_id)

    async def move_place(self, platform: Platform, old: str, new: str) -> None:
        """The place has a new id (a Telegram group became a supergroup): its jobs and its styles go with it."""
        await self._journal.move_place(platform, old, new)
        await self._styles.move_place(platform, old, new)

    async def close(self, grace: float) -> None:
        """Stop accepting; give running jobs ``grace`` seconds; what is left is taken up by the next start."""
        self._closing = True
        tasks = [commission.task for commission in self._commissions.values()]
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=grace)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, job: Job) -> None:
        """Counted in ``_running`` already."""
        courier = self._couriers[job.origin.platform]
        commission = JobRun(job, courier, self._journal, self._engine)
        self._commissions[job.id] = commission
        commission.task.add_done_callback(lambda task: self._finished(commission, task))

    def _finished(self, commission: JobRun, task: asyncio.Task[None]) -> None:
        self._release(commission.job.origin)
        del self._commissions[commission.job.id]
        if not task.cancelled() and (error := task.exception()):
            log.error("job %s was left unfinished", commission.job.id, exc_info=error)

    def _release(self, origin: Origin) -> None:
        """The member has one job less."""
        self._running -= Counter([(origin.platform, origin.user)])
