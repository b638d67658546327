"""A real database, a scripted engine on a real socket, and the parts of the bot between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from bot.app import Application
from bot.members.origin import Origin
from bot.storage.database import Database
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.ports import silent_port
from tests.kit.settings import bot_settings

EAGER = {"list_seconds": 0.0, "ask_seconds": 0.0}
"""How often the engine is asked for its adapters: again and again."""
Start = Callable[..., AbstractAsyncContextManager[Application]]


class Clock:
    """Seconds since the epoch, as a test sets them."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def origin() -> Origin:
    return Origin("console", "here", "ani", "en", {"channel": 7})


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(tmp_path / "sanggar.db") as database:
        yield database


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address of this machine at which nothing listens."""
    with silent_port() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedEngine]:
    async with ScriptedEngine() as engine:
        yield engine


@pytest.fixture
def courier() -> Recorder:
    return Recorder()


@pytest.fixture
def start_bot(scripted: ScriptedEngine, courier: Recorder, tmp_path: Path) -> Start:
    """``async with start_bot() as app``: the same database each time; the courier delivers for the console.

    ``start_bot(EAGER)`` asks the engine for its adapters again and again."""

    @asynccontextmanager
    async def started(
        polling: Mapping[str, float] = MappingProxyType({}), **changes: Any
    ) -> AsyncIterator[Application]:
        options: dict[str, Any] = {"data": tmp_path, "engine_url": scripted.url, "shutdown_grace": 0}
        async with Application(bot_settings(**options | changes), **polling) as app:
            app.studio.attach("console", courier)
            yield app

    return started


@pytest.fixture
async def app(start_bot: Start) -> AsyncIterator[Application]:
    async with start_bot() as app:
        yield app


async def left(app: Application, origin: Origin) -> int:
    """Pictures that the member may draw now."""
    return (await app.limits.quota(origin.platform, origin.user)).left
