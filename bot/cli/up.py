"""``sanggar up``: the engine and every platform that has a token, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Self

from bot.app import Application
from bot.cli.log import Say, logging_to
from bot.cli.platform import Platform
from bot.cli.terminal import Failure
from bot.engine_link.supervisor import Event, Supervisor
from bot.frontends.platforms import PLATFORMS, PlatformEntry
from bot.misspelt import misspelt
from bot.settings import Settings
from bot.storage.locks import Locked, lock_path, only_one

NO_TOKEN = """no platform has a token yet. Set one of these in .env, or as environment variables:
  {variables}
README.md says where tokens come from, `sanggar doctor` checks them, and `sanggar console` needs none."""
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def up(settings: Settings, say: Say) -> None:
    """Serve until told to stop, telling ``say`` what happens.

    An engine that is away or does not start ends nothing: members are told, and it is tried again.
    Raises Failure, EngineFailed (if something else has the engine's port) and ``bot.storage.database.DatabaseError``.
    """
    entries = [entry for entry in PLATFORMS if entry.wanted(settings)]
    if not entries:
        raise Failure(NO_TOKEN.format(variables="\n  ".join(entry.variable for entry in PLATFORMS)))
    try:
        with only_one(lock_path(settings.database_path, "up")):
            await _serve(settings, say, entries)
    except Locked:
        raise Failure(f"another `sanggar up` serves {settings.database_path} already") from None


async def _serve(settings: Settings, say: Say, entries: list[PlatformEntry]) -> None:
    for sentence in misspelt():
        say(f"settings │ {sentence}")
    with _Stop() as stop, logging_to(say, logging.INFO):
        tell = _teller(say)
        async with Supervisor(settings.engine_url, log=lambda line: say(f"engine   │ {line}"), tell=tell) as engine:
            async with Application(settings) as app:
                await _Service(app, say, stop).serve(entries)
            say("Stopping the engine." if engine.pid else "The engine was not ours; it goes on.")
    say("Stopped.")


class _Stop:
    """The wish to stop, by Ctrl-C, SIGTERM or a closed terminal: once asks, twice hurries."""

    def __init__(self) -> None:
        self.asked, self.hurry = asyncio.Event(), asyncio.Event()

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)

    def _signalled(self) -> None:
        (self.hurry if self.asked.is_set() else self.asked).set()


class _Service:
    """The platforms while they run."""

    def __init__(self, app: Application, say: Say, stop: _Stop) -> None:
        self._app, self._say, self._stop = app, say, stop

    async def serve(self, entries: list[PlatformEntry]) -> None:
        """Until a stop is asked for or nothing is left to serve; raises Failure in the latter case."""
        platforms = [Platform(entry, self._app, self._say) for entry in entries]
        asked = asyncio.create_task(self._stop.asked.wait(), name="stop")
        try:
            await self._until_over({platform.task for platform in platforms}, asked)
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)
            await self._close(platforms, self._app.settings.shutdown_grace if self._stop.asked.is_set() else 0.0)

    async def _until_over(self, serving: set[asyncio.Task[None]], asked: asyncio.Task[bool]) -> None:
        waiting: set[asyncio.Task[bool] | asyncio.Task[None]] = {asked, *serving}
        while not asked.done():
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if all(task.done() for task in serving):
                raise Failure("no platform is left to serve: `sanggar doctor` says what is wrong")

    async def _close(self, platforms: list[Platform], grace: float) -> None:
        """In visible phases: refuse, drain for ``grace`` seconds, cancel, disconnect."""
        left = f"running pictures get {grace:.0f} s (Ctrl-C again hurries)" if grace else "the next start goes on"
        self._say(f"Stopping: nothing new is taken; {left}.")
        drained = asyncio.create_task(self._app.studio.close(grace), name="drain")
        hurry = asyncio.create_task(self._stop.hurry.wait(), name="hurry")
        await asyncio.wait({drained, hurry}, return_when=asyncio.FIRST_COMPLETED)
        if not drained.done():
            self._say("Hurrying: what is not delivered is taken up by the next start.")
            await self._app.studio.close(0)
        hurry.cancel()
        await asyncio.gather(drained, hurry, return_exceptions=True)
        self._say("Disconnecting.")
        await asyncio.gather(*(platform.close() for platform in platforms))


def _teller(say: Say) -> Callable[[Event, str], None]:
    words = {
        Event.STARTING: "starting on {}",
        Event.READY: "ready, model {}",
        Event.DIED: "{}",
        Event.USING: "one is running already, model {}: using it",
        Event.AWAY: "none answers at {}; jobs wait for it",
        Event.ELSEWHERE: "{} is not where we ask: set SANGGAR_ENGINE_URL to it, or SANGGAR_ENGINE_HOST=0.0.0.0",
        Event.STOPPING: "one is just stopping on {}; waiting until it has gone",
    }
    return lambda event, text: say(f"engine   │ {words[event].format(text)}")
