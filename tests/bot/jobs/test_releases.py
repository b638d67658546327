"""Databases that earlier releases wrote: opened, listed, and their unfinished jobs delivered.

Each was filled by that release's own code with a scripted engine, and stopped in the middle: on every platform one job
is delivered with its picture, one with three, one failed, one cancelled, and one is left in each other state.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from bot.app import Application
from bot.frontends.discord.address import Address as DiscordAddress
from bot.frontends.telegram.address import Address as TelegramAddress
from bot.frontends.telegram.message_records import MessageRecords
from bot.jobs.job import Job, State
from bot.members.origin import Platform
from tests.bot.conftest import Start
from tests.bot.kit.courier import Recorder

DATA = Path(__file__).parents[2] / "migrations" / "data"
PLATFORMS: tuple[Platform, ...] = ("discord", "telegram", "console")
PLACES: tuple[tuple[Platform, str], ...] = (("discord", "900100"), ("telegram", "-1001234"))


@pytest.fixture(params=sorted(DATA.glob("release-*.db")), ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a release's database, where the bot looks for its own."""
    return Path(shutil.copy(request.param, tmp_path / "sanggar.db"))


async def all_jobs(app: Application) -> list[Job]:
    rows = await app.database.rows("SELECT id FROM jobs ORDER BY created_at, id")
    return [job for row in rows if (job := await app.studio.job(row["id"]))]


async def test_every_job_is_listed_as_it_was(old: Path, start_bot: Start) -> None:
    async with start_bot() as app:
        jobs = await all_jobs(app)
        assert Counter((job.origin.platform, job.state) for job in jobs) == {
            (platform, state): 2 if state is State.DELIVERED else 1 for platform in PLATFORMS for state in State
        }
        batik = next(job for job in jobs if job.request.style == "batik")
        assert (batik.request.prompt, batik.request.negative, batik.request.count) == ('a fox, "quoted"', "snow", 3)
        assert (batik.request.steps, batik.request.size, batik.request.sampler) == (30, "wide", "euler-a")
        assert (batik.style.adapter, batik.style.weight, batik.style.frame) == ("batik", 0.7, "{prompt}, soft lines")
        assert {job.reason for job in jobs if job.state is State.FAILED} == {"drawing-failed"}


async def test_what_was_left_is_delivered_once_and_paid_once(old: Path, start_bot: Start) -> None:
    with sqlite3.connect(old) as connection:
        charged = dict(connection.execute("SELECT id, charged FROM jobs WHERE state NOT IN ('failed', 'cancelled')"))
    connection.close()
    couriers = {platform: Recorder() for platform in PLATFORMS}
    async with start_bot() as app:
        left = {job.id for job in await all_jobs(app) if job.state not in {State.FAILED, State.CANCELLED}}
        for platform, courier in couriers.items():
            app.studio.attach(platform, courier)
            assert await app.studio.recover(platform) == 4
        for job in await all_jobs(app):
            await app.studio.wait(job.id)
        jobs = await all_jobs(app)
        assert {job.id for job in jobs if job.state is State.DELIVERED} == left
        assert [len(courier.delivered) for courier in couriers.values()] == [4, 4, 4]
        rows = await app.database.rows("SELECT id, charged FROM jobs WHERE charged > 0")
        assert {row["id"]: row["charged"] for row in rows} == charged


async def test_moderators_choices_and_allowances_hold(old: Path, start_bot: Start) -> None:
    async with start_bot() as app:
        for platform, place in PLACES:
            chosen = {one.style: one.adapter for one in await app.styles.bindings(platform, place) if one.overridden}
            assert chosen == {"landscape": None, "retro": "batik"}
        rows = await app.database.rows("SELECT platform, user, pictures FROM allowances WHERE user = '5002'")
        assert [round(row["pictures"]) for row in rows] == [8]


async def test_addresses_are_read_and_an_update_that_comes_again_is_known(old: Path, start_bot: Start) -> None:
    async with start_bot() as app:
        jobs = await all_jobs(app)
        for job in jobs:
            if job.origin.platform == "discord":
                address = DiscordAddress.of(job)
                assert address.token.startswith("token-of-interaction-")
                assert (address.channel, address.limit) == (880001, 10 * 1024**2)
            if job.origin.platform == "telegram":
                source = TelegramAddress.of(job.origin).source
                assert source == f"m:-1001234:{TelegramAddress.of(job.origin).reply_to}"
                assert await app.studio.accepted("telegram", source) == job
        [single] = [job for job in jobs if job.origin.platform == "telegram" and job.request.seed == 777]
        record = await MessageRecords(app.database).get(single.id)
        assert (record.status, record.media, record.files) == (2001, True, ("file-id-1",))
