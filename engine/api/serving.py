"""The engine as a process: it listens, and on SIGTERM or SIGINT it refuses, drains, cancels and closes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from engine.api.connections import AT_ONCE, HEAD_BYTES, BoundedProtocol, Complaints, lengthen_backlog
from engine.api.server import Server
from engine.batch.engine import Engine
from engine.settings import EngineSettings

Say = Callable[[str], None]


class EngineServer(uvicorn.Server):
    """uvicorn, with a first phase in which new requests get 503 while the running ones finish."""

    def __init__(self, config: uvicorn.Config, engine: Engine, grace: float, say: Say) -> None:
        super().__init__(config)
        self._engine = engine
        self._grace = grace
        self._say = say
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(Complaints())
        await super().startup(sockets)
        for server in self.servers:
            lengthen_backlog(server.sockets[0].fileno())
            host, port = server.sockets[0].getsockname()[:2]
            self._say(f"ready on http://{f'[{host}]' if ':' in host else host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal drains; a second one ends at once."""
        if self._loop is None or self._engine.admission.closed:
            self.should_exit = self.force_exit = True
            return
        self._engine.admission.close()
        self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._draining = asyncio.get_running_loop().create_task(self._finish_running())

    async def _finish_running(self) -> None:
        running = len(self._engine.admission.jobs())
        self._say(f"stopping: {running} running" + (f", waiting up to {self._grace:g} s" if running else ""))
        drained = asyncio.to_thread(self._engine.admission.wait_idle, self._grace)
        if not await drained:
            self._say(f"cancelling {len(self._engine.admission.jobs())} after the grace time")
            self._engine.admission.abandon()
            await asyncio.to_thread(self._engine.admission.wait_idle, 5)
        self.should_exit = True


def make_server(engine: Engine, settings: EngineSettings, say: Say) -> EngineServer:
    """The engine's server, as ``settings`` say."""
    key = settings.engine_key.get_secret_value() if settings.engine_key else ""
    config = uvicorn.Config(
        Server(engine, key).app(),
        http=BoundedProtocol,
        backlog=AT_ONCE,
        h11_max_incomplete_event_size=HEAD_BYTES,
        host=settings.engine_host,
        port=settings.engine_port,
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=5,
        ws="none",
    )
    return EngineServer(config, engine, settings.engine_grace_seconds, say)
