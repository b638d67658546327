"""The styles that adapters declare: which one draws what, and what is remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.registry import SHIPPED, Registry
from bot.commands.request import DrawRequest, Origin
from bot.commands.table import BUILT_IN, FURTHER_MAX, CommandTable
from bot.engine_link import client as engine_client
from bot.jobs.job import Job, Look, State
from bot.storage.database import Database
from bot.styles.bindings import Binding, generation
from bot.styles.catalogue import FRAMES, Repertoire
from engine.errors import Unauthorized
from engine.protocol import AdapterUse
from migrations import migrations
from tests.bot.conftest import Start
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.engine import ScriptedEngine

BATIK = adapter("wax", declares=style("batik", "{prompt}, batik", 0.8))


@pytest.fixture
async def repertoire(database: Database) -> Repertoire:
    repertoire = Repertoire(database)
    await repertoire.open()
    return repertoire


def further(table: CommandTable) -> list[str]:
    return [command.name for command in table.styles if BUILT_IN.find(command.name) is None]


async def test_before_the_engine_was_asked_the_shipped_adapters_are_believed_in(repertoire: Repertoire) -> None:
    shipped = [one.manifest for one in Registry([SHIPPED]).list()]
    for manifest in shipped:
        assert manifest.style is not None
        assert repertoire.own(manifest.style.command) == manifest.name
        assert repertoire.look(manifest.style.command, manifest.name).frame == manifest.frame
    assert len(shipped) == 3
    assert repertoire.commands == BUILT_IN


async def test_a_declared_style_is_a_command_and_is_drawn_as_it_says(repertoire: Repertoire) -> None:
    await repertoire.learn([BATIK])
    assert further(repertoire.commands) == ["batik"]
    assert repertoire.adapted == ("kancil", "retro", "landscape", "batik")
    assert repertoire.look("batik", repertoire.own("batik")) == Look("wax", 0.8, "{prompt}, batik")
    assert repertoire.look("batik", None) == Look(None, 1.0, "{prompt}, batik")


async def test_a_built_in_style_without_an_adapter_for_the_model_keeps_its_frame(repertoire: Repertoire) -> None:
    await repertoire.learn([adapter("kancil", usable=False), BATIK])
    assert repertoire.own("kancil") is None
    assert repertoire.look("kancil", None) == Look(None, 1.0, FRAMES["kancil"])
    assert repertoire.look("kancil", "wax") == Look("wax", 0.8, FRAMES["kancil"])


async def test_the_adapter_that_fits_the_model_draws_and_of_several_the_last_by_name(repertoire: Repertoire) -> None:
    large = adapter("kancil-sd21", declares=style("kancil"), base_model="sd-2-1")
    await repertoire.learn([adapter("kancil", usable=False), large])
    assert repertoire.own("kancil") == "kancil-sd21"
    await repertoire.learn([adapter("kancil"), large.model_copy(update={"usable": False})])
    assert repertoire.own("kancil") == "kancil"
    await repertoire.learn([adapter("kancil-2", declares=style("kancil", weight=0.5)), adapter("kancil")])
    assert repertoire.look("kancil", repertoire.own("kancil")).weight == 0.5


async def test_what_was_learnt_outlives_the_process(database: Database, repertoire: Repertoire) -> None:
    await repertoire.learn([BATIK])
    other = Repertoire(database)
    await other.open()
    assert other.commands == repertoire.commands
    assert other.look("batik", "wax") == repertoire.look("batik", "wax")


@pytest.mark.parametrize("command", ["help", "bantuan", "adapter", "draw", "gambar"])
async def test_a_command_that_means_something_else_is_never_a_style(repertoire: Repertoire, command: str) -> None:
    await repertoire.learn([adapter("wax", declares=style(command))])
    assert repertoire.commands == BUILT_IN
    assert repertoire.own(command) is None


async def test_help_that_says_nothing_is_the_name(repertoire: Repertoire) -> None:
    blank = style("batik").model_copy(update={"description": " \n "})
    await repertoire.learn([adapter("wax", declares=blank)])
    assert [command.help for command in repertoire.commands if command.name == "batik"] == ["batik"]


async def test_there_are_no_more_commands_than_the_platforms_take(
    repertoire: Repertoire, caplog: pytest.LogCaptureFixture
) -> None:
    many = [adapter(f"a{number:03}", declares=style(f"s{number:03}")) for number in range(FURTHER_MAX + 2)]
    await repertoire.learn(many)
    assert further(repertoire.commands) == [f"s{number:03}" for number in range(FURTHER_MAX)]
    assert f"s{FURTHER_MAX:03}, s{FURTHER_MAX + 1:03}" in caplog.text


async def test_whoever_waits_hears_of_changes_alone(repertoire: Repertoire) -> None:
    waiting = asyncio.create_task(repertoire.other_than(repertoire.commands))
    await repertoire.learn([adapter("kancil", declares=style("kancil", weight=0.4))])
    assert not waiting.done()
    await repertoire.learn([BATIK])
    assert await waiting == repertoire.commands != BUILT_IN
    assert await repertoire.other_than(None) == repertoire.commands


async def test_a_style_that_appears_can_be_drawn_while_the_engine_is_away_and_accepted_jobs_keep_theirs(
    start_bot: Start, scripted: ScriptedEngine, origin: Origin
) -> None:
    scripted.adapters.append(BATIK)
    async with start_bot() as app:
        await app.repertoire.other_than(BUILT_IN)
        await scripted.stop()
        job = await app.studio.submit(origin, DrawRequest("batik", "a deer", seed=7))
        assert job.look == Look("wax", 0.8, "{prompt}, batik")
    scripted.adapters = []
    await scripted.start()
    async with start_bot() as app:
        table = app.repertoire.commands
        if further(table):
            await app.repertoire.other_than(table)
        await app.studio.recover("console")
        assert (await app.studio.wait(job.id)).state is State.DELIVERED
    [asked] = scripted.requests
    assert asked.prompt == "a deer, batik"
    assert asked.adapters == [AdapterUse(name="wax", weight=0.8)]


async def test_what_the_engine_complains_of_is_told_once(
    start_bot: Start, scripted: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.styles.catalogue.ASK_SECONDS", 0.0)
    scripted.refusals += [Unauthorized("the key is wrong")] * 3
    scripted.adapters.append(BATIK)
    async with start_bot() as app:
        await app.repertoire.other_than(BUILT_IN)
    assert caplog.text.count("the key is wrong") == 1


async def test_a_list_for_moderators_shows_the_further_styles_at_once(
    start_bot: Start, scripted: ScriptedEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "LIST_SECONDS", 0.0)
    async with start_bot() as app:
        scripted.adapters.append(BATIK)
        listing = await app.moderation.list(origin, allowed=True)
        assert Binding("batik", "wax", False) in listing.bindings
        await app.moderation.use(origin, "batik", "kancil", allowed=True)
        assert (await app.styles.look("console", "here", "batik")) == Look("kancil", 0.7, "{prompt}, batik")


async def test_jobs_of_before_get_the_look_of_their_style(tmp_path: Path) -> None:
    old = [change for change in migrations() if change.number < 5]
    insert = (
        "INSERT INTO jobs (id, platform, place, user, locale, address, request, seed, adapter, state, charged, "
        "created_at, changed_at) VALUES (?, 'console', 'here', 'ani', 'en', '{}', ?, 7, ?, 'queued', 1, 0, 0)"
    )
    jobs = [("1", '{"style": "kancil", "prompt": "x"}', "kancil"), ("2", '{"style": "draw", "prompt": "x"}', None)]
    async with Database(tmp_path / "old.db", old) as database, database.transaction() as connection:
        await connection.executemany(insert, jobs)
    async with Database(tmp_path / "old.db") as database:
        rows = await database.rows("SELECT adapter, weight, frame FROM jobs ORDER BY id")
    assert [tuple(row) for row in rows] == [("kancil", 0.7, FRAMES["kancil"]), (None, 1.0, "{prompt}")]


def test_where_the_adapter_cannot_be_used_the_frame_stays(origin: Origin) -> None:
    job = Job("1", origin, DrawRequest("batik", "a deer"), 7, Look("wax", 0.8, "{prompt}, batik"), State.QUEUED, 0.0)
    alone = generation(job, None)
    assert (alone.prompt, alone.adapters) == ("a deer, batik", [])
