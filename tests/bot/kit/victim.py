"""A bot process to be killed: ``python -m tests.bot.kit.victim FOLDER ENGINE_URL``.

It accepts one command, prints the job's id and seed, then every state that it comes to, and waits.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import NoReturn

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.jobs.job import Job, Picture, Progress
from bot.members.origin import Origin
from tests.kit.settings import bot_settings


class Staller:
    """Says how far the job is, and never delivers."""

    async def progress(self, job: Job, progress: Progress) -> None:
        print(progress.state, flush=True)

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        print("delivering", flush=True)
        await wait_for_death()

    async def inform(self, job: Job) -> None:
        print("informed", flush=True)


async def wait_for_death() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def main(folder: str, engine_url: str) -> None:
    async with Application(bot_settings(data=folder, engine_url=engine_url)) as app:
        app.studio.attach("console", Staller())
        origin = Origin("console", "here", "ani", "en", {"channel": 7})
        job = await app.studio.submit(origin, DrawRequest("kancil", "a deer"))
        print(job.id, job.seed, flush=True)
        await wait_for_death()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
