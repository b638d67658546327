"""Styles that appear and go while the bot is connected."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import Application
from tests.bot.frontends.discord.looks import Start, drawn, told
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import MODERATOR, LocalDiscord, Typed

BY_MODERATOR = Typed(MODERATOR)


@pytest.fixture
def polling() -> dict[str, float]:
    """The engine is asked again and again, almost without a pause."""
    return {"list_seconds": 0.0, "ask_seconds": 0.05}


def puts(discord: LocalDiscord) -> int:
    return discord.state.count("PUT", "/commands")


def offered(discord: LocalDiscord, name: str) -> dict[str, Any] | None:
    return next((command for command in discord.state.commands if command["name"] == name), None)


async def test_a_style_that_appears_becomes_a_command_without_a_restart(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.adapters.append(adapter("wax", declares=style("batik")))
    await discord.until(lambda: offered(discord, "batik"))
    await drawn(discord, "batik", prompt="a fox")
    assert [(use.name, use.weight) for use in engine.requests[0].adapters] == [("wax", 0.7)]
    assert engine.requests[0].frame == "{prompt}, soft lines"
    assert "/batik: Draw as batik" in await told(discord, "help")
    assert "retro" in await told(discord, "adapter use", BY_MODERATOR, style="batik", adapter="retro")
    assert puts(discord) == 2


async def test_an_adapter_without_a_style_changes_no_command(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.adapters.append(adapter("plain"))
    assert "plain" in await told(discord, "adapter list", BY_MODERATOR)
    assert puts(discord) == 1


async def test_a_style_that_went_is_refused_where_it_is_still_shown(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.adapters.append(adapter("wax", declares=style("batik")))
    await discord.until(lambda: offered(discord, "batik"))
    shown = offered(discord, "batik")
    engine.adapters.pop()
    await discord.until(lambda: not offered(discord, "batik"))
    assert shown is not None
    discord.state.commands.append(shown)
    command = await discord.command("batik", {"prompt": "a fox"})
    await discord.until(lambda: any("no command /batik" in message.content for message in command.messages))
    assert discord.posted() == []


async def test_what_discord_does_not_take_is_told_again(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    too_many_today = 30034
    discord.fail("PUT", "/commands", 400, too_many_today, times=1)
    engine.adapters.append(adapter("wax", declares=style("batik")))
    await discord.until(lambda: offered(discord, "batik"))
    assert (puts(discord), discord.state.count("PUT", "/commands", 400)) == (2, 1)


async def test_more_styles_than_discord_lets_one_choose_are_completed_while_typing(
    discord: LocalDiscord, start: Start, engine: ScriptedEngine
) -> None:
    engine.adapters += [adapter(f"wax-{number:02}", declares=style(f"batik{number:02}")) for number in range(40)]
    async with start():
        await discord.until(lambda: offered(discord, "batik39"))
        asked = await discord.complete("adapter use", "style", {"style": "BATIK3"}, BY_MODERATOR)
        await discord.until(lambda: asked.response)
        assert asked.response is not None
        found = [choice["value"] for choice in asked.response["data"]["choices"]]
        assert found == [f"batik3{digit}" for digit in range(10)]
        assert "kancil" in await told(discord, "adapter use", BY_MODERATOR, style="batik30", adapter="kancil")
