"""Cancelled jobs, and how many a member may have under way."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.errors import Refused
from bot.jobs.job import State
from bot.members.origin import Origin
from tests.bot.conftest import Start, left
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine

DEER = DrawRequest("kancil", "a deer", seed=777)


async def test_cancelling_stops_the_work_in_the_engine_before_it_says_so(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await scripted.told.wait()
    [cancelled] = await app.studio.cancel(job.id)
    assert len(scripted.stopped) == 1
    assert (cancelled.id, cancelled.state) == (job.id, State.CANCELLED)
    assert courier.informed == [cancelled]
    assert courier.delivered == []
    assert await app.studio.cancel(job.id) == []


async def test_cancelling_before_the_drawing_gives_the_allowance_back(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    before = await left(app, origin)
    await scripted.stop()
    job = await app.studio.submit(origin, DEER)
    assert await left(app, origin) == before - 1
    assert len(await app.studio.cancel(job.id)) == 1
    assert await left(app, origin) == before


async def test_a_drawn_job_can_no_longer_be_cancelled(app: Application, origin: Origin, courier: Recorder) -> None:
    courier.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await courier.delivering.wait()
    cancelling = asyncio.create_task(app.studio.cancel(job.id))
    courier.gate.set()
    assert await cancelling == []
    assert (await app.studio.wait(job.id)).state is State.DELIVERED


async def test_a_member_may_only_have_so_many_jobs_under_way(
    start_bot: Start, origin: Origin, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    async with start_bot(running_jobs=2) as app:
        jobs = [await app.studio.submit(origin, DEER) for _ in range(2)]
        with pytest.raises(Refused) as refused:
            await app.studio.submit(origin, DEER)
        assert (refused.value.reason, refused.value.values["n"]) == ("too-many-jobs", 2)
        scripted.gate.set()
        for job in jobs:
            await app.studio.wait(job.id)
        await app.studio.wait((await app.studio.submit(origin, DEER)).id)


async def test_commands_at_the_same_moment_cannot_pass_the_cap_together(
    start_bot: Start, origin: Origin, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    async with start_bot(running_jobs=2) as app:
        results = await asyncio.gather(*(app.studio.submit(origin, DEER) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(result, Refused) for result in results) == 3
        scripted.gate.set()


async def test_nobody_waits_for_a_job_that_does_not_exist(app: Application) -> None:
    assert await app.studio.job("00000000") is None
    with pytest.raises(Refused):
        await app.studio.wait("00000000")


async def test_a_refused_command_does_not_count_as_one_under_way(start_bot: Start, origin: Origin) -> None:
    async with start_bot(running_jobs=1, burst=4, pictures_per_hour=1) as app:
        await app.studio.wait((await app.studio.submit(origin, DrawRequest("draw", "a fox", count=4))).id)
        for _ in range(2):
            with pytest.raises(Refused, match="no-pictures-left"):
                await app.studio.submit(origin, DEER)


async def test_an_unknown_style_is_refused_before_anything_is_taken(app: Application, origin: Origin) -> None:
    with pytest.raises(Refused) as refused:
        await app.studio.submit(origin, DrawRequest("kancl", "a deer"))
    assert (refused.value.reason, refused.value.values["suggestion"]) == ("unknown-style", "kancil")
    assert await left(app, origin) == 12
