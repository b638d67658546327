"""A local Discord, a small engine, and the bot between them, all on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import Application
from bot.frontends.discord import DiscordFrontend
from bot.frontends.discord.pauses import Pauses
from bot.members.origin import Platform
from tests.bot.frontends.discord.looks import Make, Start
from tests.bot.kit.behaviours import waiting
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import LocalDiscord
from tests.discord_server.state import TOKEN
from tests.kit.eventually import GLANCE
from tests.kit.settings import bot_settings

QUICK = Pauses(login=(GLANCE,), delivery=(GLANCE, GLANCE), commands=GLANCE, servers=GLANCE)
"""Everything is tried again at once."""


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses for the process: put back what a test changes."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(str(DiscordWebSocket.DEFAULT_GATEWAY)))


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    async with LocalDiscord() as server:
        yield server
        assert server.state.violations == []


@pytest.fixture
async def engine() -> AsyncIterator[ScriptedEngine]:
    async with ScriptedEngine(before=[waiting()]) as scripted:
        yield scripted


@pytest.fixture
def polling() -> dict[str, float]:
    """How often the engine is asked for its adapters: as usual."""
    return {}


@pytest.fixture
def make(discord: LocalDiscord, engine: ScriptedEngine, tmp_path: Path, polling: dict[str, float]) -> Make:
    """``async with make() as app``: the bot without its frontend; the same database each time."""

    def made(**changes: Any) -> Application:
        options: dict[str, Any] = {
            "data": tmp_path,
            "engine_url": engine.url,
            "discord_token": TOKEN,
            "discord_api": discord.api,
            "shutdown_grace": 0.0,
        }
        return Application(bot_settings(**options | changes), **polling)

    return made


@pytest.fixture
def start(make: Make, monkeypatch: pytest.MonkeyPatch) -> Start:
    """``async with start() as app``: the bot, connected to Discord."""

    @asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Application]:
        async with make(**changes) as app, running(app, monkeypatch):
            yield app

    return started


@asynccontextmanager
async def running(app: Application, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """The frontend, once it has taken up what was unfinished, until the block ends."""
    recovered, recover = asyncio.Event(), app.studio.recover

    async def recover_and_tell(platform: Platform) -> int:
        count = await recover(platform)
        recovered.set()
        return count

    monkeypatch.setattr(app.studio, "recover", recover_and_tell)
    frontend = DiscordFrontend(app, QUICK)
    serving, ready = asyncio.create_task(frontend.run()), asyncio.create_task(recovered.wait())
    try:
        await asyncio.wait([serving, ready], return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        await app.studio.close(0.0)
        await frontend.close()
        ready.cancel()
        await serving


@pytest.fixture
async def bot(start: Start) -> AsyncIterator[Application]:
    async with start() as app:
        yield app
