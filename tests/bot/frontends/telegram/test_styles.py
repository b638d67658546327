"""Styles that appear and go while the bot is connected."""

from __future__ import annotations

import pytest

from bot.app import Application
from tests.bot.frontends.telegram.reading import answer, draw
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import TelegramServer


@pytest.fixture
def polling() -> dict[str, float]:
    """The engine is asked again and again, almost without a pause."""
    return {"list_seconds": 0.0, "ask_seconds": 0.05}


def offered(telegram: TelegramServer) -> list[bool]:
    """Whether ``/batik`` is in each of Telegram's lists."""
    return [any(entry["command"] == "batik" for entry in listed) for listed in telegram.commands.values()]


async def test_a_style_that_appears_is_a_command_until_it_goes(
    telegram: TelegramServer, bot: Application, engine: ScriptedEngine
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    assert "There is no command /batik" in await answer(telegram, chat, ani, "/batik a fox")
    engine.adapters.append(adapter("wax", declares=style("batik")))
    await telegram.until(lambda: offered(telegram) == [True] * 6)
    await draw(telegram, chat, ani, "/batik a fox --seed 7")
    assert [(use.name, use.weight) for use in engine.requests[0].adapters] == [("wax", 0.7)]
    assert "/batik: Draw as batik" in await answer(telegram, chat, ani, "/help")
    assert "kancil" in await answer(telegram, chat, ani, "/adapter use batik kancil")
    engine.adapters.pop()
    await telegram.until(lambda: offered(telegram) == [False] * 6)
    assert "There is no command /batik" in await answer(telegram, chat, ani, "/batik a fox")


async def test_in_a_group_a_command_is_ours_as_soon_as_it_is_a_style(
    telegram: TelegramServer, bot: Application, engine: ScriptedEngine
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    engine.adapters.append(adapter("wax", declares=style("batik")))
    await telegram.until(lambda: offered(telegram) == [True] * 6)
    await draw(telegram, chat, ani, "/batik a fox")
    assert len(engine.requests) == 1
