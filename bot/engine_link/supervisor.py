"""Keeps an engine running: starts it, passes its log on, starts it again when it died or hangs, stops it in the end.

An engine that already answers at the address is used as it is, and left running; one that is just stopping has gone
before ours is started.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from bot.engine_link.child import ending, pass_on, start, stop
from bot.engine_link.liveness import until_hung
from bot.engine_link.probe import EngineFailed, is_local, probe
from bot.engine_link.tls import verification
from engine.protocol import Health

ENGINE_COMMAND = (sys.executable, "-m", "bot.engine_link.child_main")
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a dead engine is started again; doubled each time until one became ready."""
HUNG_STOP_SECONDS = 5.0
"""How long an engine that no longer answers gets between SIGTERM and SIGKILL: it rarely hears the first."""
HUNG = "no longer answers and was stopped"
"""Why an engine that hung had to be started again."""
POLL = 0.2
"""Seconds between two looks at ``/health`` while the model loads."""
LOOK_SECONDS = 5.0
"""Seconds between two looks at an engine that is not ours."""
LISTENING = "ready on "
"""How the line of the engine's log begins that names its address."""
EVERYWHERE = {"0.0.0.0", "::"}
"""Hosts of an engine that listens at all addresses of this machine."""
TOKEN = re.compile(r"SANGGAR_\w+_TOKEN", re.IGNORECASE)
"""Variables that hold the token of a platform."""
TAIL = 20
"""Last log lines, shown when the engine failed."""


class Event(StrEnum):
    """What the supervisor tells besides log lines."""

    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    USING = "using"
    AWAY = "away"
    """One that is not ours does not answer; READY says that it does."""
    STOPPING = "stopping"
    """The one that answers is about to end, and is waited for."""
    ELSEWHERE = "elsewhere"
    """Ours listens at an address of this machine that is not the one we ask."""


Log = Callable[[str], None]
Tell = Callable[[Event, str], None]


class Supervisor:
    """``async with Supervisor(url) as engine: await engine.ready()``; leaving stops an engine that it started."""

    def __init__(
        self,
        url: str,
        *,
        log: Log = lambda line: None,
        tell: Tell = lambda event, text: None,
        command: Sequence[str] = ENGINE_COMMAND,
        environment: Mapping[str, str] | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.url = url
        self._log, self._tell = log, tell
        self._command = tuple(command)
        port = str(urlsplit(url).port or 80)
        self._environment = {**_without_tokens(os.environ), "SANGGAR_ENGINE_PORT": port, **(environment or {})}
        self._first_pause = first_pause
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._client = httpx.AsyncClient(trust_env=False, timeout=5, verify=verification(url))
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def pid(self) -> int | None:
        """Process id of the engine we started; None if it is not ours or not running."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        """Raises EngineFailed if a port of this machine is taken by something else."""
        try:
            health = await self._first_look()
        except BaseException:
            await self._client.aclose()
            raise
        self._keeper = asyncio.create_task(self._see_to(health), name="engine supervisor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._keeper is not None
        self._keeper.cancel()
        await asyncio.gather(self._keeper, return_exceptions=True)
        await self._client.aclose()
        if self._ready.done():
            self._ready.exception()

    async def ready(self) -> None:
        """Wait until the model is loaded.

        Raises EngineFailed if the first attempt came to nothing: the engine ended before it ever was ready, could not
        be started, or does not answer on another machine. Further attempts are made all the same, until this is left.
        """
        await asyncio.shield(self._ready)

    async def _first_look(self) -> Health | None:
        """What answers at the address. A far engine may be away, and whatever stands before it may say so."""
        try:
            return await probe(self._client, self.url)
        except EngineFailed:
            if is_local(self.url):
                raise
            return None

    async def _see_to(self, found: Health | None) -> None:
        """Runs until it is cancelled; ``found`` is what answered."""
        if found is not None and found.status == "stopping":
            self._tell(Event.STOPPING, self.url)
            found = await self._until_gone()
        if found is None and is_local(self.url):
            return await self._keep()
        if found is not None:
            self._tell(Event.USING, found.model)
        else:
            self._tell(Event.AWAY, self.url)
            self._fail(f"No engine answers at {self.url}, SANGGAR_ENGINE_URL. Start it: sanggar engine")
        while True:
            await self._watch()
            await self._until_away()
            self._tell(Event.AWAY, self.url)

    async def _until_gone(self) -> Health | None:
        """Returns once the engine no longer says that it is stopping: what answers then."""
        while True:
            with suppress(EngineFailed):  # it may break off while it ends
                health = await probe(self._client, self.url)
                if health is None or health.status != "stopping":
                    return health
            await asyncio.sleep(POLL)

    async def _until_away(self) -> None:
        """Returns once no engine answers any more."""
        with suppress(EngineFailed):
            while True:
                if await probe(self._client, self.url) is None:
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def _keep(self) -> None:
        """Owns the engine process: a fresh one for each that ended, whyever it did."""
        pause = self._first_pause
        while True:
            self._tell(Event.STARTING, self.url)
            try:
                was_ready, end = await self._run_once()
            except OSError as error:  # no descriptor, no memory, no permission: that may pass
                was_ready, end = False, f"cannot be started: {error.strerror or error}"
            self._fail(f"The engine did not start ({end}).")
            pause = self._first_pause if was_ready else min(2 * pause, LONGEST_PAUSE)
            self._tell(Event.DIED, f"{end}, starting it again in {pause:.0f} s")
            await asyncio.sleep(pause)

    async def _run_once(self) -> tuple[bool, str]:
        """One life of an engine: whether it became ready, and how it ended. Raises OSError if it cannot be started."""
        self._process = process = await start(self._command, self._environment)
        ready = asyncio.create_task(self._watch(), name="engine ready")
        hung = asyncio.create_task(self._until_hung(ready), name="engine hung")
        ended = asyncio.create_task(self._until_ended(process), name="engine log")
        try:
            await asyncio.wait([hung, ended], return_when=asyncio.FIRST_COMPLETED)
            was_ready, is_hung = ready.done(), not ended.done()
        finally:
            seconds = HUNG_STOP_SECONDS if hung.done() else None
            for task in (ready, hung, ended):
                task.cancel()
            await asyncio.gather(ready, hung, ended, return_exceptions=True)
            await stop(process, self._hear, seconds)
        return was_ready, HUNG if is_hung else ending(await process.wait())

    async def _until_ended(self, process: asyncio.subprocess.Process) -> None:
        """Passes the log on. A signal sent between the last line and the end would take the exit status from us."""
        await pass_on(process, self._hear)
        await process.wait()

    async def _until_hung(self, ready: asyncio.Task[None]) -> None:
        await asyncio.wait([ready])
        await until_hung(self._client, self.url)

    def _fail(self, message: str) -> None:
        """The first attempt came to nothing; once the engine was ready this says nothing."""
        if not self._ready.done():
            self._ready.set_exception(EngineFailed(message, self._tail))

    def _hear(self, line: str) -> None:
        self._tail.append(line)
        self._log(line)
        address = line.removeprefix(LISTENING)
        if address != line and not is_local(address) and urlsplit(address).hostname not in EVERYWHERE:
            self._tell(Event.ELSEWHERE, address)

    async def _watch(self) -> None:
        """Returns once ``/health`` says ready."""
        while True:
            with suppress(EngineFailed):  # an engine that is just starting or dying may say anything
                if (health := await probe(self._client, self.url)) and health.status == "ready":
                    break
            await asyncio.sleep(POLL)
        self._tell(Event.READY, health.model)
        if not self._ready.done():
            self._ready.set_result(None)


def _without_tokens(environment: Mapping[str, str]) -> dict[str, str]:
    """What the engine inherits: the platforms' tokens are none of its business."""
    return {name: value for name, value in environment.items() if not TOKEN.fullmatch(name)}
