"""The commands as Discord knows them, and those that answer the member alone."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest

from bot.app import Application
from bot.commands.table import BUILT_IN
from tests.bot.frontends.discord.looks import Start, drawn, told
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import LocalDiscord, Typed
from tests.discord_server.world import MANAGE_GUILD

INDONESIAN = Typed(locale="id")


def puts(discord: LocalDiscord) -> int:
    return discord.state.count("PUT", "/commands")


async def test_discord_knows_every_command_of_the_table(discord: LocalDiscord, bot: Application) -> None:
    known = {command["name"]: command for command in discord.state.commands}
    assert set(known) == {command.name for command in BUILT_IN}
    for command in BUILT_IN:
        inner = command.options or command.subcommands
        assert {entry["name"] for entry in known[command.name]["options"]} == {entry.name for entry in inner}
    visible_to = {name: command["default_member_permissions"] for name, command in known.items()}
    assert visible_to.pop("adapter") == str(MANAGE_GUILD)
    assert set(visible_to.values()) == {None}


async def test_descriptions_are_translated_and_names_are_not(discord: LocalDiscord, bot: Application) -> None:
    kancil = next(command for command in discord.state.commands if command["name"] == "kancil")
    assert kancil["description_localizations"] == {"id": "Menggambar seperti di buku cerita anak"}
    assert not kancil["name_localizations"]
    seed = next(option for option in kancil["options"] if option["name"] == "seed")
    assert seed["description_localizations"]["id"].startswith("Prompt dan seed sama")


async def test_commands_are_sent_only_when_they_changed(discord: LocalDiscord, start: Start) -> None:
    async with start():
        assert puts(discord) == 1
    async with start():
        assert puts(discord) == 1
    discord.state.commands[0]["options"][0]["description_localizations"]["id"] = "lain"
    async with start():
        assert puts(discord) == 2


@pytest.mark.parametrize(("command", "english"), [("help", "Commands"), ("quota", "12"), ("cancel", "nothing left")])
async def test_answers_for_the_member_alone(
    discord: LocalDiscord, bot: Application, command: str, english: str
) -> None:
    assert english in await told(discord, command)


async def test_replies_are_in_the_language_of_the_member(discord: LocalDiscord, bot: Application) -> None:
    assert "Aku menggambar" in await told(discord, "help", INDONESIAN)
    assert "langkah" in (await drawn(discord, typed=INDONESIAN)).content
    assert "Aku tidak menemukan" in await told(discord, "cancel", INDONESIAN, job="00000000")


async def test_a_fault_of_ours_is_an_apology_with_a_number_that_the_log_explains(
    discord: LocalDiscord, bot: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("a secret of the machine room")

    monkeypatch.setattr(bot.limits, "quota", broken)
    with caplog.at_level(logging.ERROR, "bot.handlers"):
        answer = await told(discord, "quota")
    assert "wrong on our side" in answer
    assert "secret" not in answer
    [record] = [record for record in caplog.records if record.name == "bot.handlers.answer"]
    assert record.getMessage().split()[1] in answer
    assert "a secret of the machine room" in caplog.text


async def test_a_fault_while_accepting_leaves_no_public_trace(
    discord: LocalDiscord, bot: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(bot.studio, "submit", broken)
    assert "wrong on our side" in await told(discord, "draw", prompt="a fox")
    assert discord.posted() == []


async def test_own_running_jobs_are_completed_by_their_prompts(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.gate.clear()
    for prompt in ("a red fox", "a deer"):
        command = await discord.command("draw", {"prompt": prompt})
        await discord.until(partial(getattr, command, "messages"))
    asked = await discord.complete("cancel", "job", {"job": "red"})
    await discord.until(lambda: asked.response)
    assert asked.response is not None
    [choice] = asked.response["data"]["choices"]
    assert choice["name"] == f"{choice['value']}: a red fox"
    assert "Cancel one of them" in await told(discord, "cancel")
    assert f"Cancelled: {choice['value']}." in await told(discord, "cancel", job=choice["value"])
