"""A studio with an engine, for the commands of one person at a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager

import httpx

from bot.app import Application
from bot.cli.log import logging_to
from bot.engine_link.ports import free_port
from bot.engine_link.probe import is_local, probe
from bot.engine_link.supervisor import Event, Supervisor
from bot.frontends.console.view import View
from bot.settings import BURST, HOURLY, Settings
from bot.storage.locks import lock_path, one_of_many
from bot.styles.refreshing import ask

UNLIMITED = {"pictures_per_hour": HOURLY[1], "burst": BURST[1]}
"""Limits protect a shared machine; whoever types at its terminal owns it."""


@asynccontextmanager
async def open_studio(
    settings: Settings, view: View, *, own_engine: bool = False, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Application]:
    """A studio whose engine is ready: the one at SANGGAR_ENGINE_URL where it runs, else one of its own.

    An engine of its own listens on a free port of this machine, so that two commands never stop each other's.
    Raises EngineFailed and ``bot.storage.database.DatabaseError``.
    """
    changes: dict[str, object] = {**UNLIMITED, "shutdown_grace": 0.0}
    if own_engine or await none_serves(settings.engine_url):
        changes["engine_url"] = f"http://127.0.0.1:{free_port()}"
    settings = settings.model_copy(update=changes)
    own = {"SANGGAR_ENGINE_HOST": "127.0.0.1", **(environment or {})}
    tell = _Starting(view)
    with logging_to(view.say):
        async with (
            Supervisor(settings.engine_url, log=tell.line, tell=tell.event, environment=own) as engine,
            Application(settings) as app,
        ):
            await engine.ready()
            await ask(app.engine, app.catalogue)
            view.clear()
            yield app


def sharing_console(settings: Settings) -> AbstractContextManager[bool]:
    """Held while a command draws for the console; gives whether it is the only one, and may recover."""
    return one_of_many(lock_path(settings.database_path, "console"))


async def none_serves(url: str) -> bool:
    """Whether an engine has to be started: none is there, or one that is about to end. A far one is never ours."""
    if not is_local(url):
        return False
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        health = await probe(client, url)
        return health is None or health.status == "stopping"


class _Starting:
    """Shows that the engine starts, with the last line of its log, until it is ready for the first time."""

    def __init__(self, view: View) -> None:
        self._view, self._over = view, False

    def line(self, text: str) -> None:
        if not self._over and text:
            self._view.progress(f"Starting the engine: {text}", None)

    def event(self, event: Event, text: str) -> None:
        if event is Event.STARTING and not self._over:
            self._view.progress("Starting the engine", None)
        self._over = self._over or event is Event.READY
