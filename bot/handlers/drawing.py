"""Commands that draw, and the button that draws once more."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.parsing import Invocation, draw_request
from bot.commands.request import DrawRequest
from bot.handlers.answer import Answer, JobAccepted
from bot.handlers.services import Services
from bot.jobs.job import Job
from bot.members.asker import Asker
from bot.members.origin import Origin


async def draw(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    request = draw_request(invocation.path[0], invocation.options, services.table)
    return await _accept(services, request, asker.origin, asker.key)


async def again(services: Services, job: Job, asker: Asker) -> Answer:
    """The job's request with a new seed, from the allowance of whoever asks, in the job's place."""
    origin = replace(asker.origin, place=job.origin.place)
    return await _accept(services, replace(job.request, seed=None), origin, asker.key)


async def _accept(services: Services, request: DrawRequest, origin: Origin, key: str | None) -> Answer:
    """A command that comes twice is answered with the job that it became, whatever its author may draw by now."""
    earlier = await services.studio.accepted(origin.platform, key) if key else None
    return JobAccepted(earlier or await services.studio.submit(origin, request, key))
