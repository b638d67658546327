"""The use case: accept a command, have it drawn, hand it to the member. Knows no platform."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from collections import Counter
from functools import partial

from bot.commands.request import DrawRequest
from bot.engine_link.client import EngineClient
from bot.errors import Refused
from bot.jobs.courier import Courier, CurrentCourier
from bot.jobs.job import TERMINAL_STATES, Job, State
from bot.jobs.journal import Journal, normal_id
from bot.jobs.pictures import PictureStore
from bot.jobs.run import JobRun
from bot.members.origin import JsonObject, Origin, Platform
from bot.storage.retrying import until_written
from bot.styles.bindings import Styles
from engine.protocol import SEED_MAX

log = logging.getLogger(__name__)


class Studio:
    """One per bot process; owns a task for every job that is not finished.

    running_jobs: how many jobs of one member may be unfinished at the same time.
    """

    def __init__(
        self, journal: Journal, styles: Styles, engine: EngineClient, pictures: PictureStore, running_jobs: int
    ) -> None:
        self._journal = journal
        self._styles = styles
        self._engine = engine
        self._pictures = pictures
        self._running_jobs = running_jobs
        self._couriers: dict[Platform, CurrentCourier] = {}
        self._runs: dict[str, JobRun] = {}
        self._running: Counter[tuple[Platform, str]] = Counter()
        self._closing = False

    def attach(self, platform: Platform, courier: Courier) -> None:
        """From now on ``courier`` delivers this platform's jobs, also those under way."""
        self._couriers.setdefault(platform, CurrentCourier(courier)).courier = courier

    async def recover(self, platform: Platform) -> int:
        """Take up what was accepted and not delivered before a restart; call once the platform is connected.

        One process alone may do so for a platform: it cannot see whether another one still works on a job.
        """
        found = [job for job in await self._journal.unfinished(platform) if job.id not in self._runs]
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
        except sqlite3.Error as error:
            self._release(origin)
            log.error("a command cannot be written: %s", error)
            raise Refused("not-written") from error
        except BaseException:
            self._release(origin)
            raise
        if self._closing or job.id in self._runs or job.state in TERMINAL_STATES:
            self._release(origin)
        else:
            self._start(job)
        return job

    async def accepted(self, platform: Platform, key: str) -> Job | None:
        """The job that a command with this key became."""
        return await self._journal.accepted(platform, key)

    def running(self, origin: Origin) -> list[Job]:
        """The member's jobs in this place that are under way, oldest first."""
        asker = (origin.platform, origin.place, origin.user)
        jobs = [run.job for run in self._runs.values()]
        return [job for job in jobs if (job.origin.platform, job.origin.place, job.origin.user) == asker]

    def stop(self, job_id: str) -> bool:
        """Ends the job soon, without waiting for it; False if it is too late for that."""
        run = self._runs.get(job_id)
        return run is not None and run.stop()

    async def cancel(self, *job_ids: str) -> list[Job]:
        """Ends these jobs; returns those that were really cancelled, once their work has stopped."""
        runs = [self._runs[job_id] for job_id in job_ids if job_id in self._runs]
        ended = await asyncio.gather(*(run.cancel() for run in runs))
        return [job for job in ended if job.state is State.CANCELLED]

    async def job(self, job_id: str) -> Job | None:
        """The job with this public id."""
        return await self._journal.get(job_id)

    async def wait(self, job_id: str) -> Job:
        """The job once it is in a terminal state and its courier was told; raises ``bot.errors.Refused``."""
        if run := self._runs.get(normal_id(job_id)):
            return await run.wait()
        if job := await self._journal.get(job_id):
            return job
        raise Refused("unknown-job", name=job_id)

    async def move_place(self, platform: Platform, old: str, new: str) -> None:
        """The place has a new id (a Telegram group became a supergroup): its jobs and its styles go with it."""
        moved = f"place {old}, now {new},"
        await until_written(partial(self._journal.move_place, platform, old, new), moved)
        for run in self._runs.values():
            if (run.job.origin.platform, run.job.origin.place) == (platform, old):
                run.relocate(place=new)
        await until_written(partial(self._styles.move_place, platform, old, new), moved)

    async def move_answer(self, job: Job, address: JsonObject) -> None:
        """The job's answer stands at this address from now on, also after a restart."""
        await until_written(partial(self._journal.move_answer, job.id, address), f"the answer of job {job.id}")
        if run := self._runs.get(job.id):
            run.relocate(address=address)

    async def close(self, grace: float) -> None:
        """Stop accepting; give running jobs ``grace`` seconds; what is left is taken up by the next start."""
        self._closing = True
        tasks = [run.task for run in self._runs.values()]
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=grace)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, job: Job) -> None:
        """Counted in ``_running`` already."""
        courier = self._couriers[job.origin.platform]
        run = JobRun(job, courier, self._journal, self._engine, self._pictures)
        self._runs[job.id] = run
        run.task.add_done_callback(lambda task: self._finished(run, task))

    def _finished(self, run: JobRun, task: asyncio.Task[None]) -> None:
        self._release(run.job.origin)
        del self._runs[run.job.id]
        if not task.cancelled() and (error := task.exception()):
            log.error("job %s was left unfinished", run.job.id, exc_info=error)

    def _release(self, origin: Origin) -> None:
        """The member has one job less."""
        self._running -= Counter([(origin.platform, origin.user)])
