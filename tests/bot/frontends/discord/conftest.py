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
from bot.settings import Settings
from tests.bot.frontends.discord.looks import Make, Start
from tests.bot.frontends.discord.small_engine import SmallEngine
from tests.discord_server import LocalDiscord
from tests.discord_server.state import TOKEN


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
async def engine() -> AsyncIterator[SmallEngine]:
    async with SmallEngine() as small:
        yield small


@pytest.fixture
def make(discord: LocalDiscord, engine: SmallEngine, tmp_path: Path) -> Make:
    """``async with make() as app``: the bot without its frontend; the same database each time."""

    def made(**changes: Any) -> Application:
        options: dict[str, Any] = {
            "data": tmp_path,
            "engine_url": engine.url,
            "discord_token": TOKEN,
            "discord_api": discord.api,
            "shutdown_grace": 0.0,
        }
        return Application(Settings(_env_file=None, **options | changes))  # type: ignore[call-arg]

    return made


@pytest.fixture
def start(discord: LocalDiscord, make: Make) -> Start:
    """``async with start() as app``: the bot, connected to Discord."""

    @asynccontextmanager
    async def started(**changes: Any) -> AsyncIterator[Application]:
        async with make(**changes) as app, running(app, discord):
            yield app

    return started


@asynccontextmanager
async def running(app: Application, discord: LocalDiscord) -> AsyncIterator[None]:
    """The frontend, from its READY until the block ends."""
    known = discord.sockets.identified
    frontend = DiscordFrontend(app)
    serving = asyncio.create_task(frontend.run())
    try:
        await discord.until(lambda: discord.sockets.identified > known or serving.done())
        yield
    finally:
        await app.studio.close(0.0)
        await frontend.close()
        await serving


@pytest.fixture
async def bot(start: Start) -> AsyncIterator[Application]:
    async with start() as app:
        yield app
