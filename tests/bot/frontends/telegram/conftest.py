"""A local Bot API server, a small engine, and the bot between them, all on real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import Application
from bot.frontends.telegram import TelegramFrontend
from bot.frontends.telegram.rate_limiter import ChatRateLimiter
from tests.bot.frontends.telegram.room import Room, make_room
from tests.bot.kit.behaviours import waiting
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.settings import bot_settings
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN

Start = Callable[..., AbstractAsyncContextManager[Application]]
FASTER = 200
"""How much shorter every pause is than on Telegram."""


class QuickPace(ChatRateLimiter):
    """Keeps the same limits, on a clock that runs faster. Pauses of LONG seconds last until ``over`` is set."""

    LONG = 100.0

    def __init__(self) -> None:
        super().__init__(self._now, self._pause)
        self.over = asyncio.Event()
        self._skipped = 0.0

    def _now(self) -> float:
        return time.monotonic() * FASTER + self._skipped

    async def _pause(self, seconds: float) -> None:
        if seconds < self.LONG:
            await asyncio.sleep(seconds / FASTER)
        else:
            await self.over.wait()
            self._skipped += seconds


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def engine() -> AsyncIterator[ScriptedEngine]:
    async with ScriptedEngine(before=[waiting()]) as scripted:
        yield scripted


@pytest.fixture
def settings(telegram: TelegramServer, tmp_path: Path) -> dict[str, Any]:
    return {"data": tmp_path, "telegram_token": TOKEN, "telegram_api": telegram.url, "shutdown_grace": 0.0}


@pytest.fixture
def polling() -> dict[str, float]:
    """How often the engine is asked for its adapters: as usual."""
    return {}


@pytest.fixture
def start(
    telegram: TelegramServer, engine: ScriptedEngine, settings: dict[str, Any], polling: dict[str, float]
) -> Start:
    """``async with start() as app``: the bot polls Telegram; the same database each time."""

    @asynccontextmanager
    async def started(rate_limiter: QuickPace | None = None, **changes: Any) -> AsyncIterator[Application]:
        options = settings | {"engine_url": engine.url} | changes
        told = bot_settings(**options)
        async with Application(told, **polling) as app, running(app, telegram, rate_limiter or QuickPace()):
            yield app

    return started


@asynccontextmanager
async def running(app: Application, telegram: TelegramServer, rate_limiter: QuickPace) -> AsyncIterator[None]:
    """The frontend, from its first poll until the block ends."""
    frontend, polls = TelegramFrontend(app, rate_limiter), telegram.polls
    serving = asyncio.create_task(frontend.run())
    try:
        await telegram.until(lambda: telegram.polls > polls or serving.done())
        yield
    finally:
        await app.studio.close(0.0)
        await frontend.close()
        await serving


@pytest.fixture
async def bot(start: Start) -> AsyncIterator[Application]:
    async with start() as app:
        yield app


@pytest.fixture
async def room(telegram: TelegramServer, settings: dict[str, Any]) -> AsyncIterator[Room]:
    async with Application(bot_settings(**settings)) as app, make_room(app, telegram) as room:
        yield room
