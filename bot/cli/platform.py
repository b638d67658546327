"""One platform under ``sanggar up``: served until it is closed, connected again when it broke."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.app import Application
from bot.cli.log import Say
from bot.frontends.platforms import Frontend, PlatformEntry
from bot.settings import SettingsError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a broken platform is connected again; doubled while it breaks soon after."""
CLOSE_SECONDS = 10.0
"""How long a platform's connection may take to close."""


class Platform:
    """``task`` ends when the platform is closed, or refuses the token for good."""

    def __init__(self, entry: PlatformEntry, app: Application, say: Say, first_pause: float = FIRST_PAUSE) -> None:
        self._entry, self._app, self._say, self._first_pause = entry, app, say, first_pause
        self._frontend: Frontend | None = None
        self._closing = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name=entry.title)

    async def close(self) -> None:
        """Disconnect; by force where it takes too long."""
        self._closing.set()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._frontend is not None:
                    await self._frontend.close()
                await asyncio.wait([self.task])
        except TimeoutError:
            self.task.cancel()
            await asyncio.wait([self.task])

    async def _run(self) -> None:
        pause = self._first_pause
        while not self._closing.is_set():
            began = asyncio.get_running_loop().time()
            try:
                self._frontend = self._entry.create(self._app)
                return await self._frontend.run()
            except Exception as error:
                if self._entry.refuses(error):
                    return self._tell(refusal(self._entry, error))
                held = asyncio.get_running_loop().time() - began > LONGEST_PAUSE
                pause = self._first_pause if held else min(2 * pause, LONGEST_PAUSE)
                self._tell(f"failed: {type(error).__name__}: {error}; connecting again in {pause:.0f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause)
        return None

    def _tell(self, text: str) -> None:
        self._say(f"{self._entry.title.lower():8} │ {text}")


def refusal(entry: PlatformEntry, error: Exception) -> str:
    """Why a platform will not be served, and what to do."""
    if isinstance(error, SettingsError):
        return str(error)
    return f"{entry.variable}: {error}. `sanggar doctor` says what to do."
