"""The journal of jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.commands.request import DrawRequest
from bot.errors import Refused
from bot.jobs.job import NEXT_STATES, TERMINAL_STATES, State
from bot.jobs.journal import IllegalTransition, Journal, new_id, normal_id
from bot.members.limits import Limits
from bot.members.origin import Origin
from bot.storage.database import Database
from bot.styles.style import ResolvedStyle
from tests.bot.conftest import Clock

DEER = DrawRequest("kancil", "rusa “cerdik” 🦌", negative="salju", seed=7, guidance_scale=7.5, count=2, size="wide")
LOOK = ResolvedStyle("kancil", 0.7, "{prompt}, soft lines")
WAY = (State.QUEUED, State.DRAWING, State.DRAWN, State.DELIVERED)


@pytest.fixture
def limits(database: Database, clock: Clock) -> Limits:
    return Limits(database, per_hour=60, burst=4, clock=clock)


@pytest.fixture
def journal(database: Database, limits: Limits, clock: Clock) -> Journal:
    return Journal(database, limits, clock)


async def test_a_job_is_read_as_it_was_written(journal: Journal, origin: Origin, clock: Clock) -> None:
    job = await journal.accept(origin, DEER, 7, LOOK)
    assert (job.request, job.origin, job.state, job.created_at) == (DEER, origin, State.ACCEPTED, clock.now)
    assert await journal.get(job.id) == job
    for state in WAY:
        job = await journal.move(job, state, message="m1" if state is State.DELIVERED else "")
        assert await journal.get(job.id) == job
    assert job.message == "m1"


@pytest.mark.parametrize("start", list(State))
async def test_only_the_transitions_of_the_table_are_written(database: Database, origin: Origin, start: State) -> None:
    journal = Journal(database, Limits(database, per_hour=60, burst=100))
    way = WAY[: WAY.index(start) + 1] if start in WAY else [start] * (start is not State.ACCEPTED)
    for end in State:
        job = await journal.accept(origin, DEER, 7, LOOK)
        for state in way:
            job = await journal.move(job, state)
        if end in NEXT_STATES[start]:
            assert (await journal.move(job, end)).state is end
        else:
            with pytest.raises(IllegalTransition, match=f"{start} to {end}"):
                await journal.move(job, end)
            assert await journal.get(job.id) == job


def test_no_way_leads_out_of_a_terminal_state_and_each_other_state_can_fail() -> None:
    assert {state for state in State if not NEXT_STATES[state]} == TERMINAL_STATES
    for state in set(State) - TERMINAL_STATES:
        assert NEXT_STATES[state] >= {State.FAILED, State.CANCELLED}


async def test_a_refused_command_leaves_no_job(journal: Journal, origin: Origin) -> None:
    for _ in range(2):
        await journal.accept(origin, DEER, 7, LOOK)
    with pytest.raises(Refused):
        await journal.accept(origin, DEER, 7, LOOK)
    assert len(await journal.unfinished("console")) == 2


async def test_a_refund_is_given_once_and_only_where_asked_for(
    journal: Journal, limits: Limits, origin: Origin
) -> None:
    first, second = [await journal.accept(origin, DEER, 7, LOOK) for _ in range(2)]
    await journal.move(first, State.FAILED, reason="engine-away", refund=True)
    await journal.move(second, State.CANCELLED)
    assert (await limits.quota("console", "ani")).left == 2
    with pytest.raises(IllegalTransition):
        await journal.move(first, State.FAILED, refund=True)
    assert (await limits.quota("console", "ani")).left == 2


async def test_unfinished_jobs_of_a_platform_come_back_after_a_restart_oldest_first(
    tmp_path: Path, origin: Origin, clock: Clock
) -> None:
    jobs = []
    async with Database(tmp_path / "a.db") as database:
        journal = Journal(database, Limits(database, per_hour=60, burst=20, clock=clock), clock)
        for _ in range(3):
            jobs.append(await journal.accept(origin, DEER, 7, LOOK))
            clock.now += 1
        await journal.accept(Origin("discord", "1", "2", "id", {}), DEER, 7, LOOK)
        await journal.move(jobs[1], State.CANCELLED)
        drawing = await journal.move(await journal.move(jobs[2], State.QUEUED), State.DRAWING)
    async with Database(tmp_path / "a.db") as database:
        journal = Journal(database, Limits(database, per_hour=60, burst=20))
        assert await journal.unfinished("console") == [jobs[0], drawing]


def test_ids_are_short_public_and_read_as_people_spell_them() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(id) == 8 and normal_id(id) == id for id in ids)
    assert normal_id(" #OI1l-abCD ") == "0111abcd"


async def test_a_command_that_comes_twice_is_one_job_and_paid_once(
    journal: Journal, limits: Limits, origin: Origin
) -> None:
    first, second = await asyncio.gather(*(journal.accept(origin, DEER, 7, LOOK, "m:1:2") for _ in range(2)))
    assert first == second == await journal.accepted("console", "m:1:2")
    assert (await limits.quota("console", origin.user)).left == 2
    assert (await journal.accept(origin, DEER, 7, LOOK, "m:1:3")).id != first.id
    assert await journal.accepted("discord", "m:1:2") is None


async def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(
    database: Database, journal: Journal, origin: Origin
) -> None:
    broken, whole = [await journal.accept(origin, DEER, 7, LOOK) for _ in range(2)]
    async with database.transaction() as connection:
        await connection.execute("UPDATE jobs SET request = '{}' WHERE id = ?", (broken.id,))
    assert await journal.unfinished("console") == [whole]
