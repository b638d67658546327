"""Stops jobs: ``/cancel``, and the button of a job that is under way."""

from __future__ import annotations

from bot.commands.parsing import Invocation
from bot.commands.table import ALL
from bot.errors import Refused
from bot.handlers.answer import Answer, CancelChoice, JobsStopped, JobStopping, NothingToCancel
from bot.handlers.rights import is_author
from bot.handlers.services import Services
from bot.jobs.job import Job
from bot.members.asker import Asker


async def cancel(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    """One job of the member, the only one, or all of this place if that is what was asked for.

    Who shares an identity with others has to name the job: the only one may be another's.
    """
    named = str(invocation.options.get("job", ""))
    jobs = services.studio.running(asker.origin)
    if named and named.casefold() != ALL:
        jobs = [await _own_job(services, named, asker)]
    elif (len(jobs) > 1 and not named) or (jobs and asker.shared):
        return CancelChoice(tuple(jobs))
    stopped = await services.studio.cancel(*(job.id for job in jobs))
    return JobsStopped(tuple(stopped)) if stopped else NothingToCancel()


async def stop(services: Services, job: Job, asker: Asker) -> Answer:
    return JobStopping(job) if services.studio.stop(job.id) else NothingToCancel()


async def _own_job(services: Services, job_id: str, asker: Asker) -> Job:
    job = await services.studio.job(job_id)
    if job is None or job.origin.place != asker.origin.place or not is_author(asker, job):
        raise Refused("unknown-job", name=job_id)
    return job
