"""The styles that adapters declare: which one draws what, and what is remembered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.registry import SHIPPED, Registry
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, FURTHER_MAX, CommandTable
from bot.jobs.generation import generation
from bot.jobs.job import Job, State
from bot.members.origin import Origin
from bot.storage.database import Database
from bot.styles.bindings import Binding
from bot.styles.catalogue import FRAMES, StyleCatalogue
from bot.styles.style import ResolvedStyle
from engine.errors import Unauthorized
from engine.protocol import AdapterUse
from migrations import migrations
from tests.bot.conftest import EAGER, Start
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.engine import ScriptedEngine

BATIK = adapter("wax", declares=style("batik", "{prompt}, batik", 0.8))


@pytest.fixture
async def catalogue(database: Database) -> StyleCatalogue:
    catalogue = StyleCatalogue(database)
    await catalogue.open()
    return catalogue


def further(table: CommandTable) -> list[str]:
    return [command.name for command in table.styles if BUILT_IN.find(command.name) is None]


async def test_before_the_engine_was_asked_the_shipped_adapters_are_believed_in(catalogue: StyleCatalogue) -> None:
    shipped = [one.manifest for one in Registry([SHIPPED]).list()]
    for manifest in shipped:
        assert manifest.style is not None
        assert catalogue.default_adapter(manifest.style.command) == manifest.name
        resolved = catalogue.resolve(manifest.style.command, manifest.name)
        assert (resolved.frame, resolved.weight) == (manifest.frame, manifest.style.weight)
    assert len(shipped) == 3
    assert catalogue.commands == BUILT_IN


async def test_a_declared_style_is_a_command_and_is_drawn_as_it_says(catalogue: StyleCatalogue) -> None:
    await catalogue.update([BATIK])
    assert further(catalogue.commands) == ["batik"]
    assert catalogue.adapted == ("kancil", "retro", "landscape", "batik")
    assert catalogue.resolve("batik", catalogue.default_adapter("batik")) == ResolvedStyle(
        "wax", 0.8, "{prompt}, batik"
    )
    assert catalogue.resolve("batik", None) == ResolvedStyle(None, 1.0, "{prompt}, batik")


async def test_a_built_in_style_without_an_adapter_for_the_model_keeps_its_frame(catalogue: StyleCatalogue) -> None:
    await catalogue.update([adapter("kancil", usable=False), BATIK])
    assert catalogue.default_adapter("kancil") is None
    assert catalogue.resolve("kancil", None) == ResolvedStyle(None, 1.0, FRAMES["kancil"])
    assert catalogue.resolve("kancil", "wax") == ResolvedStyle("wax", 0.8, FRAMES["kancil"])


async def test_the_adapter_that_fits_the_model_draws_and_of_several_the_last_by_name(catalogue: StyleCatalogue) -> None:
    large = adapter("kancil-sd21", declares=style("kancil"), base_model="sd-2-1")
    await catalogue.update([adapter("kancil", usable=False), large])
    assert catalogue.default_adapter("kancil") == "kancil-sd21"
    await catalogue.update([adapter("kancil"), large.model_copy(update={"usable": False})])
    assert catalogue.default_adapter("kancil") == "kancil"
    await catalogue.update([adapter("kancil-2", declares=style("kancil", weight=0.5)), adapter("kancil")])
    assert catalogue.resolve("kancil", catalogue.default_adapter("kancil")).weight == 0.5


async def test_what_was_learnt_outlives_the_process(database: Database, catalogue: StyleCatalogue) -> None:
    await catalogue.update([BATIK])
    other = StyleCatalogue(database)
    await other.open()
    assert other.commands == catalogue.commands
    assert other.resolve("batik", "wax") == catalogue.resolve("batik", "wax")


@pytest.mark.parametrize("command", ["help", "bantuan", "adapter", "draw", "gambar"])
async def test_a_command_that_means_something_else_is_never_a_style(catalogue: StyleCatalogue, command: str) -> None:
    await catalogue.update([adapter("wax", declares=style(command))])
    assert catalogue.commands == BUILT_IN
    assert catalogue.default_adapter(command) is None


async def test_help_that_says_nothing_is_the_name(catalogue: StyleCatalogue) -> None:
    blank = style("batik").model_copy(update={"description": " \n "})
    await catalogue.update([adapter("wax", declares=blank)])
    assert [command.help for command in catalogue.commands if command.name == "batik"] == ["batik"]


async def test_there_are_no_more_commands_than_the_platforms_take(
    catalogue: StyleCatalogue, caplog: pytest.LogCaptureFixture
) -> None:
    many = [adapter(f"a{number:03}", declares=style(f"s{number:03}")) for number in range(FURTHER_MAX + 2)]
    await catalogue.update(many)
    assert further(catalogue.commands) == [f"s{number:03}" for number in range(FURTHER_MAX)]
    assert f"s{FURTHER_MAX:03}, s{FURTHER_MAX + 1:03}" in caplog.text


async def test_whoever_waits_hears_of_changes_alone(catalogue: StyleCatalogue) -> None:
    waiting = asyncio.create_task(catalogue.wait_for_change(catalogue.commands))
    await catalogue.update([adapter("kancil", declares=style("kancil", weight=0.4))])
    assert not waiting.done()
    await catalogue.update([BATIK])
    assert await waiting == catalogue.commands != BUILT_IN
    assert await catalogue.wait_for_change(None) == catalogue.commands


async def test_a_style_that_appears_can_be_drawn_while_the_engine_is_away_and_accepted_jobs_keep_theirs(
    start_bot: Start, scripted: ScriptedEngine, origin: Origin
) -> None:
    scripted.adapters.append(BATIK)
    async with start_bot() as app:
        await app.catalogue.wait_for_change(BUILT_IN)
        await scripted.stop()
        job = await app.studio.submit(origin, DrawRequest("batik", "a deer", seed=7))
        assert job.style == ResolvedStyle("wax", 0.8, "{prompt}, batik")
    scripted.adapters = []
    await scripted.start()
    async with start_bot() as app:
        table = app.catalogue.commands
        if further(table):
            await app.catalogue.wait_for_change(table)
        await app.studio.recover("console")
        assert (await app.studio.wait(job.id)).state is State.DELIVERED
    [asked] = scripted.requests
    assert (asked.prompt, asked.frame) == ("a deer", "{prompt}, batik")
    assert asked.adapters == [AdapterUse(name="wax", weight=0.8)]


async def test_what_the_engine_complains_of_is_told_once(
    start_bot: Start, scripted: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.refusals += [Unauthorized("the key is wrong")] * 3
    scripted.adapters.append(BATIK)
    async with start_bot(EAGER) as app:
        await app.catalogue.wait_for_change(BUILT_IN)
    assert caplog.text.count("the key is wrong") == 1


async def test_a_list_for_moderators_shows_the_further_styles_at_once(
    start_bot: Start, scripted: ScriptedEngine, origin: Origin
) -> None:
    async with start_bot(EAGER) as app:
        scripted.adapters.append(BATIK)
        listing = await app.adapter_choice.list(origin)
        assert Binding("batik", "wax", False) in listing.bindings
        await app.adapter_choice.use(origin, "batik", "kancil")
        assert (await app.styles.resolve("console", "here", "batik")) == ResolvedStyle("kancil", 1.0, "{prompt}, batik")


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
    job = Job(
        "1", origin, DrawRequest("batik", "a deer"), 7, ResolvedStyle("wax", 0.8, "{prompt}, batik"), State.QUEUED, 0.0
    )
    alone = generation(job, None)
    assert (alone.prompt, alone.frame, alone.adapters) == ("a deer", "{prompt}, batik", [])
