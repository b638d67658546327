"""A journal that cannot be written for a while: no job is lost, none is paid that was not delivered, and it heals."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.errors import Refused
from bot.frontends.telegram.message_records import MessageRecord, MessageRecords
from bot.jobs.job import State
from bot.members.origin import Origin
from bot.storage import database as storage
from bot.storage import retrying
from bot.storage.database import Database
from bot.styles.catalogue import StyleCatalogue
from tests.bot.conftest import Start, left
from tests.bot.kit.adapters import adapter
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine

ANI = Origin("console", "here", "ani", "en", {})
DEER = DrawRequest("kancil", "a deer", seed=777)


@asynccontextmanager
async def locked(database: Database) -> AsyncIterator[None]:
    """Another connection holds the file, once what the bot writes just now is written."""
    other = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    try:
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        yield
    finally:
        other.close()


@asynccontextmanager
async def pragma(app: Application, trouble: str, cure: str) -> AsyncIterator[None]:
    """The bot's own connection meets what a full or a read-only disk makes of it."""
    await app.database.rows(trouble)
    try:
        yield
    finally:
        await app.database.rows(cure)


@asynccontextmanager
async def troubled(app: Application, kind: str) -> AsyncIterator[None]:
    if kind == "locked":
        async with locked(app.database):
            yield
    elif kind == "read-only":
        async with pragma(app, "PRAGMA query_only = ON", "PRAGMA query_only = OFF"):
            yield
    else:
        await fill(app)
        async with pragma(app, "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"):
            yield


async def fill(app: Application) -> None:
    """No page of the file has room for another row."""
    async with app.database.transaction() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS ballast (x TEXT)")
        await connection.execute(
            "CREATE TRIGGER IF NOT EXISTS grows AFTER UPDATE ON jobs"
            " BEGIN INSERT INTO ballast VALUES (hex(zeroblob(20000))); END"
        )
        await connection.execute(
            "CREATE TRIGGER IF NOT EXISTS grows_too AFTER INSERT ON jobs"
            " BEGIN INSERT INTO ballast VALUES (hex(zeroblob(20000))); END"
        )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BUSY_MS", 50)
    monkeypatch.setattr(retrying, "PAUSES", (0.02,))


KINDS = pytest.mark.parametrize("kind", ["locked", "read-only", "full"])


class Told(logging.Handler):
    """The log, and whoever waits for words in it."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._more = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self._text += f"{record.getMessage()}\n"
        self._more.set()

    async def until(self, words: str) -> None:
        while words not in self._text:
            self._more.clear()
            await self._more.wait()


@pytest.fixture
def told() -> Iterator[Told]:
    handler = Told()
    retrying.log.addHandler(handler)
    yield handler
    retrying.log.removeHandler(handler)


@KINDS
async def test_a_job_goes_on_once_it_can_be_written(
    kind: str, app: Application, courier: Recorder, scripted: ScriptedEngine, told: Told
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(ANI, DEER)
    await courier.until(lambda: courier.reports)
    async with troubled(app, kind):
        scripted.gate.set()
        await told.until(f"job {job.id}: ")
        assert courier.delivered == []
    assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert len(courier.delivered) == 1


@KINDS
async def test_what_failed_meanwhile_is_told_and_given_back(
    kind: str, app: Application, origin: Origin, courier: Recorder, told: Told
) -> None:
    before = await left(app, origin)
    courier.gate.clear()
    courier.error = RuntimeError("the platform is gone")
    job = await app.studio.submit(origin, DEER)
    await courier.delivering.wait()
    async with troubled(app, kind):
        courier.gate.set()
        await told.until(f"job {job.id}: failed cannot be written")
        assert courier.informed == []
    assert (await app.studio.wait(job.id)).state is State.FAILED
    assert await left(app, origin) == before


@KINDS
async def test_a_job_can_be_cancelled_meanwhile(
    kind: str, app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await courier.until(lambda: courier.reports)
    async with troubled(app, kind):
        [stopped] = await app.studio.cancel(job.id)
        assert (stopped.id, stopped.state) == (job.id, State.CANCELLED)
        assert len(scripted.stopped) == 1
    assert (await app.studio.wait(job.id)).state is State.CANCELLED
    assert [one.id for one in courier.informed] == [job.id]


@KINDS
async def test_a_command_that_cannot_be_written_is_refused_in_words_and_free(
    kind: str, app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    before = await left(app, origin)
    async with troubled(app, kind):
        for _ in range(app.settings.running_jobs + 1):
            with pytest.raises(Refused, match="not-written") as refused:
                await app.studio.submit(origin, DEER)
        assert "disk is full or busy" in app.replies.for_locale("en").explain(refused.value)
        assert await left(app, origin) == before
    assert (await app.studio.wait((await app.studio.submit(origin, DEER)).id)).state is State.DELIVERED


async def test_others_can_read_while_another_process_writes(
    app: Application, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "BUSY_MS", 60_000)
    async with locked(app.database):
        writing = asyncio.create_task(app.studio.submit(origin, DEER))
        for _ in range(20):
            await left(app, origin)
        assert not writing.done()
    await app.studio.wait((await writing).id)


async def test_a_stop_leaves_the_job_to_the_next_start(
    start_bot: Start, origin: Origin, courier: Recorder, scripted: ScriptedEngine, told: Told
) -> None:
    async with start_bot() as app:
        scripted.gate.clear()
        job = await app.studio.submit(origin, DEER)
        await courier.until(lambda: courier.reports)
        async with locked(app.database):
            scripted.gate.set()
            await told.until(f"job {job.id}: ")
            await app.studio.close(0)
    async with start_bot() as app:
        assert await app.studio.recover("console") == 1
        assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert len(courier.delivered) == 1


async def test_a_moderators_choice_that_cannot_be_written_is_refused_in_words(app: Application, origin: Origin) -> None:
    async with locked(app.database):
        with pytest.raises(Refused, match="not-written"):
            await app.adapter_choice.use(origin, "kancil", "none")
    [binding] = [one for one in await app.styles.bindings("console", "here") if one.style == "kancil"]
    assert not binding.overridden


async def test_styles_are_drawn_before_they_can_be_written_and_written_later(
    database: Database,
) -> None:
    catalogue, adapters = StyleCatalogue(database), [adapter("retro")]
    await catalogue.open()
    async with locked(database):
        await catalogue.update(adapters)
        assert catalogue.default_adapter("kancil") is None
    await catalogue.update(adapters)
    rows = await database.rows("SELECT adapter FROM styles")
    assert [row["adapter"] for row in rows] == ["retro"]


async def test_a_message_of_telegram_and_a_moved_group_are_written_in_the_end(
    app: Application, origin: Origin, told: Told
) -> None:
    job = await app.studio.wait((await app.studio.submit(origin, DEER)).id)
    records = MessageRecords(app.database)
    async with locked(app.database):
        saving = asyncio.create_task(records.save(MessageRecord(job.id, status=7)))
        moving = asyncio.create_task(app.studio.move_place("console", "here", "there"))
        await told.until(f"the message of job {job.id} cannot be written")
        await told.until("place here, now there, cannot be written")
    await asyncio.gather(saving, moving)
    assert (await records.get(job.id)).status == 7
    moved = await app.studio.job(job.id)
    assert moved is not None
    assert moved.origin.place == "there"
