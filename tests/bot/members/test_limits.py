"""The token bucket of each member."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.members.limits import Limits
from bot.storage.database import Database
from tests.bot.conftest import Clock


@pytest.fixture
def limits(database: Database, clock: Clock) -> Limits:
    return Limits(database, per_hour=60, burst=6, clock=clock)


async def take(limits: Limits, database: Database, cost: int, user: str = "ani") -> None:
    async with database.transaction() as connection:
        await limits.take(connection, "discord", user, cost)


async def give_back(limits: Limits, database: Database, cost: int) -> None:
    async with database.transaction() as connection:
        await limits.give_back(connection, "discord", "ani", cost)


async def left(limits: Limits) -> int:
    return (await limits.quota("discord", "ani")).left


async def test_a_newcomer_has_everything(limits: Limits) -> None:
    quota = await limits.quota("discord", "ani")
    assert (quota.left, quota.burst, quota.per_hour, quota.full_in) == (6, 6, 60, 0)


async def test_pictures_are_taken_and_come_back_with_time(limits: Limits, database: Database, clock: Clock) -> None:
    await take(limits, database, 4)
    quota = await limits.quota("discord", "ani")
    assert (quota.left, quota.full_in) == (2, 240)
    clock.now += 60
    assert await left(limits) == 3
    clock.now += 100_000
    assert await left(limits) == 6


async def test_who_asks_for_too_much_is_told_when_to_come_back_and_keeps_what_is_left(
    limits: Limits, database: Database, clock: Clock
) -> None:
    await take(limits, database, 4)
    clock.now += 0.5
    with pytest.raises(Refused) as refused:
        await take(limits, database, 4)
    assert (refused.value.reason, refused.value.values) == ("too-many-pictures", {"n": 2, "cost": 4, "seconds": 120})
    assert await left(limits) == 2
    clock.now += refused.value.values["seconds"]
    await take(limits, database, 4)


@pytest.mark.parametrize("per_hour", [1, 7, 59, 1000])
async def test_whoever_comes_back_at_the_told_second_is_served(database: Database, clock: Clock, per_hour: int) -> None:
    limits = Limits(database, per_hour=per_hour, burst=4, clock=clock)
    await take(limits, database, 4)
    for cost in (1, 2, 3, 4):
        clock.now += 0.123
        with pytest.raises(Refused) as refused:
            await take(limits, database, cost)
        assert refused.value.reason == "no-pictures-left"
        clock.now += refused.value.values["seconds"]
        await take(limits, database, cost)


async def test_members_and_platforms_have_buckets_of_their_own(limits: Limits, database: Database) -> None:
    await take(limits, database, 4)
    await take(limits, database, 4, user="budi")
    assert (await limits.quota("telegram", "ani")).left == 6


async def test_what_is_given_back_can_be_drawn_again_but_never_exceeds_the_burst(
    limits: Limits, database: Database, clock: Clock
) -> None:
    await take(limits, database, 4)
    await give_back(limits, database, 4)
    assert await left(limits) == 6
    await take(limits, database, 4)
    clock.now += 3600
    await give_back(limits, database, 4)
    assert await left(limits) == 6


async def test_a_clock_that_is_set_back_takes_nothing_away(limits: Limits, database: Database, clock: Clock) -> None:
    await take(limits, database, 2)
    clock.now -= 3600
    assert await left(limits) == 4
    await take(limits, database, 1)
    assert await left(limits) == 3


async def test_the_buckets_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    for expected in (4, 2, 0):
        async with Database(tmp_path / "sanggar.db") as database:
            limits = Limits(database, per_hour=60, burst=6, clock=clock)
            await take(limits, database, 2)
            assert await left(limits) == expected


async def test_commands_at_the_same_moment_cannot_overdraw(limits: Limits, database: Database) -> None:
    results = await asyncio.gather(*(take(limits, database, 1) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(result, Refused) for result in results) == 4


async def test_processes_at_the_same_moment_cannot_overdraw(tmp_path: Path, clock: Clock) -> None:
    async with Database(tmp_path / "a.db") as one, Database(tmp_path / "a.db") as other:
        takes = [
            take(Limits(database, per_hour=60, burst=6, clock=clock), database, 1) for database in (one, other) * 5
        ]
        results = await asyncio.gather(*takes, return_exceptions=True)
    assert sum(isinstance(result, Refused) for result in results) == 4


async def test_a_clock_that_goes_back_and_forward_again_gives_nothing_away(
    limits: Limits, database: Database, clock: Clock
) -> None:
    await take(limits, database, 5)
    clock.now -= 3600
    await take(limits, database, 1)
    assert (await limits.quota("discord", "ani")).left == 0
    clock.now += 3600
    assert (await limits.quota("discord", "ani")).left == 0
    clock.now += 60
    assert (await limits.quota("discord", "ani")).left == 1
