"""The bot process and what it is connected to: local platforms, a scripted engine, a folder that can be full."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Self

from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import LocalDiscord
from tests.discord_server.state import TOKEN as DISCORD_TOKEN
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN as TELEGRAM_TOKEN

DISK = "16m"
"""Size of the folder where it is a file system of its own."""
READY_SECONDS = 60.0


class World:
    """``async with World(folder) as world``; ``await world.start()`` starts the bot and waits until it is connected."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.discord = LocalDiscord()
        self.telegram = TelegramServer()
        self.engine = ScriptedEngine()
        self._bot: Process | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.enter_context(small_disk(self.folder))
        for part in (self.discord, self.telegram, self.engine):
            await self._stack.enter_async_context(part)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kill()
        await self._stack.aclose()

    @property
    def database(self) -> Path:
        return self.folder / "sanggar.db"

    async def start(self) -> None:
        """Start the bot, and wait until both platforms have heard from it."""
        polls, sessions = self.telegram.polls, self.discord.sockets.identified
        log = (self.folder.parent / "bot.log").open("ab")
        command = [sys.executable, "-m", "bot.cli", "up"]
        self._bot = await asyncio.create_subprocess_exec(*command, env=self._environment(), stdout=log, stderr=log)
        log.close()
        async with asyncio.timeout(READY_SECONDS):
            # another process brings it about
            while self.telegram.polls == polls or self.discord.sockets.identified == sessions:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End the bot as a power cut would."""
        if self._bot and self._bot.returncode is None:
            self._bot.send_signal(signal.SIGKILL)
            await self._bot.wait()
        self._bot = None

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self.telegram.mend()
        self.discord.state.faults.clear()
        self.engine.script.clear()
        self.engine.gate.set()

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SANGGAR_")}
        return inherited | {
            "SANGGAR_DATA": str(self.folder),
            "SANGGAR_ENGINE_URL": self.engine.url,
            "SANGGAR_DISCORD_TOKEN": DISCORD_TOKEN,
            "SANGGAR_DISCORD_API": self.discord.api,
            "SANGGAR_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
            "SANGGAR_TELEGRAM_API": self.telegram.url,
            "SANGGAR_PICTURES_PER_HOUR": "100000",
            "SANGGAR_BURST": "1000",
            "SANGGAR_RUNNING_JOBS": "100",
        }


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of DISK bytes at ``folder`` where we may mount one; else the folder as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
