"""``sanggar up`` with local platforms, a scripted engine and real signals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.cli.terminal import Failure
from bot.cli.up import up
from bot.frontends.platforms import PLATFORMS
from bot.settings import Settings
from bot.storage.database import DatabaseError
from tests.bot.cli.conftest import Configure
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import LocalDiscord
from tests.kit.output import Output
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN as TELEGRAM_TOKEN
from tests.telegram_server.world import Chat


class Running(Output):
    """``sanggar up`` in this process, and what it says."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.task = asyncio.create_task(up(settings, self.say))

    def order(self, *beginnings: str) -> bool:
        """Whether lines that begin so were said, in this order."""
        found = [next(i for i, line in enumerate(self.lines) if line.startswith(words)) for words in beginnings]
        return found == sorted(found)


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses for the process: put back what a test changes."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(str(DiscordWebSocket.DEFAULT_GATEWAY)))


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def start(configure: Configure, telegram: TelegramServer) -> Callable[..., Running]:
    """``start()`` serves Telegram; ``start(discord_token=...)`` Discord too."""
    on_telegram = {"telegram_token": TELEGRAM_TOKEN, "telegram_api": telegram.url}
    return lambda **changes: Running(configure(**on_telegram | changes))


def interrupt(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def ask(telegram: TelegramServer, text: str) -> Chat:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.say(chat, ani, text)
    return chat


def delivered(telegram: TelegramServer) -> int:
    """Finished pictures that were posted: those that name their parameters, as partial ones do not."""
    posted = [*telegram.called("sendPhoto"), *telegram.called("editMessageMedia")]
    return sum("CFG" in repr(call.given) for call in posted)


async def test_without_a_token_it_says_which_to_set(configure: Configure) -> None:
    with pytest.raises(Failure) as failure:
        await up(configure(), print)
    assert all(entry.variable in str(failure.value) for entry in PLATFORMS)
    assert "sanggar console" in str(failure.value)


async def test_a_wrong_token_on_one_platform_leaves_the_other_at_work(
    start: Callable[..., Running], telegram: TelegramServer
) -> None:
    async with LocalDiscord() as discord:
        running = start(discord_token="wrong", discord_api=discord.api, discord_gateway=discord.gateway)
        await running.until("discord  │ SANGGAR_DISCORD_TOKEN")
        ask(telegram, "/draw a fox")
        await telegram.until(lambda: delivered(telegram) > 0)
        interrupt()
        await running.task
    assert delivered(telegram) == 1


async def test_where_every_token_is_wrong_it_ends(start: Callable[..., Running]) -> None:
    running = start(telegram_token="1:wrong")
    with pytest.raises(Failure, match="sanggar doctor"):
        await running.task
    assert "1:wrong" not in running.text


async def test_an_engine_that_does_not_start_leaves_the_bot_at_work_and_is_tried_again(
    start: Callable[..., Running], nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANGGAR_MAX_BATCH", "many")
    running = start(engine_url=nobody)
    await running.until("connected to Telegram")
    await running.until("engine   │ SANGGAR_MAX_BATCH")
    await running.until("ended with 2, starting it again in 2 s")
    interrupt()
    await running.task


async def test_a_far_engine_that_is_away_leaves_the_bot_at_work(
    start: Callable[..., Running], telegram: TelegramServer
) -> None:
    running = start(engine_url="http://sanggar.invalid:8801")
    await running.until("none answers at http://sanggar.invalid:8801")
    await running.until("connected to Telegram")
    ask(telegram, "/draw a fox")
    await telegram.until(lambda: "being restarted" in repr([call.given for call in telegram.called("editMessageText")]))
    interrupt()
    interrupt()
    await running.task


async def test_a_misspelt_setting_is_told_at_the_start(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANGGAR_PICTURES_PER_OUR", "6")
    running = start()
    await running.until("settings │ SANGGAR_PICTURES_PER_OUR in the environment is no setting")
    interrupt()
    await running.task


async def test_a_folder_that_cannot_be_written_is_told(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatabaseError, match="SANGGAR_DATA"):
        await start(data=tmp_path / "file" / "data").task


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_in_phases(start: Callable[..., Running], number: signal.Signals) -> None:
    running = start()
    await running.until("connected to Telegram")
    interrupt(number)
    await running.task
    assert running.order("engine   │ one is running", "Stopping", "Disconnecting", "The engine was not ours", "Stopped")


async def test_a_picture_under_way_is_delivered_before_the_end(
    start: Callable[..., Running], telegram: TelegramServer, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    running = start()
    ask(telegram, "/draw a fox")
    await scripted.told.wait()
    interrupt()
    await running.until("Stopping")
    assert not running.task.done()
    scripted.gate.set()
    await running.task
    assert delivered(telegram) == 1


async def test_a_second_signal_hurries_and_the_next_start_delivers(
    start: Callable[..., Running], telegram: TelegramServer, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    running = start()
    ask(telegram, "/draw a fox")
    await scripted.told.wait()
    interrupt()
    await running.until("Stopping")
    interrupt()
    await running.task
    assert delivered(telegram) == 0
    scripted.gate.set()
    running = start()
    await telegram.until(lambda: delivered(telegram) > 0)
    interrupt()
    await running.task
    assert delivered(telegram) == 1


async def test_two_of_them_never_serve_one_database(start: Callable[..., Running], configure: Configure) -> None:
    running = start()
    await running.until("connected to Telegram")
    with pytest.raises(Failure, match="another `sanggar up`"):
        await up(configure(telegram_token=TELEGRAM_TOKEN), print)
    interrupt()
    await running.task
