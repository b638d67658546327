"""The buttons of a finished picture: its file as it was drawn, and its end."""

from __future__ import annotations

from bot.handlers.answer import Answer, PictureFiles, Removed
from bot.handlers.services import Services
from bot.jobs.job import Job
from bot.members.asker import Asker


async def send_files(services: Services, job: Job, asker: Asker) -> Answer:
    return PictureFiles(job, tuple(await services.pictures.read(job.id)))


async def remove(services: Services, job: Job, asker: Asker) -> Answer:
    await services.pictures.forget(job.id)
    return Removed(job)
