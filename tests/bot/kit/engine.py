"""An engine without a model, behind a real socket: speaks ``engine.protocol`` and does what a test tells it."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from typing import Self

import uvicorn
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.errors import EngineError
from engine.protocol import AdapterList, GenerationRequest, Health
from tests.bot.kit.adapters import SHIPPED, adapter
from tests.bot.kit.behaviours import Behaviour, draw


class ScriptedEngine:
    """``script`` holds what happens to the next requests, one entry each; then every request is drawn.

    before: what a request is told before its pictures; None is what is usual.
    gate: holds pictures back while it is cleared.
    told: set once a request was told everything that comes before its pictures.
    listing: what it answers instead of its adapters, always.
    refusals: what it answers the next times that it is asked for its adapters.
    side: of its pictures, in pixels.
    stopped: ids of the requests that were to be stopped.
    """

    def __init__(self, before: Sequence[BaseModel] | None = None) -> None:
        self.before = before
        self.script: deque[Behaviour] = deque()
        self.requests: list[GenerationRequest] = []
        self.authorizations: list[str | None] = []
        self.adapters = [adapter(name) for name in (*SHIPPED, "batik")]
        self.adapter_requests = 0
        self.listing: Response | None = None
        self.refusals: deque[EngineError] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self.told = asyncio.Event()
        self.side = 16
        self.stopped: list[str] = []
        self.port = 0
        self._ended: dict[str, asyncio.Event] = {}
        self._server: _Quiet | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        await self.stop()

    async def start(self) -> None:
        """Listens; the second time on the same port."""
        routes = [
            Route("/v1/images/generations", self._generate, methods=["POST"]),
            Route("/v1/requests/{id}", self._cancel, methods=["DELETE"]),
            Route("/v1/adapters", self._adapters),
            Route("/health", self._health),
        ]
        self._listener = listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(Starlette(routes=routes), log_level="critical", ws="none", lifespan="off")
        self._server = _Quiet(config)
        self._task = asyncio.create_task(self._server.serve([listener]))

    async def stop(self) -> None:
        """As a crash: streams under way break off.

        A connection that asyncio accepts while the server is closing would never be closed; so stop listening first.
        """
        if self._server:
            asyncio.get_running_loop().remove_reader(self._listener)
            await asyncio.sleep(0)
            self._server.force_exit = True
            for connection in list(self._server.server_state.connections):
                connection.transport.abort()
            self._server.ending.set()
            await self._task
            self._server = None

    async def hold(self, id: str) -> None:
        """Waits for the gate, or for the request's end."""
        ended = self._ended.setdefault(id, asyncio.Event())
        waiters = [asyncio.create_task(self.gate.wait()), asyncio.create_task(ended.wait())]
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()

    async def _generate(self, request: Request) -> Response:
        body = GenerationRequest.model_validate_json(await request.body(), strict=True)
        self.requests.append(body)
        self.authorizations.append(request.headers.get("authorization"))
        behave = self.script.popleft() if self.script else draw
        return await behave(self, body, request.headers["x-request-id"])

    async def _cancel(self, request: Request) -> Response:
        id = request.path_params["id"]
        self.stopped.append(id)
        if id in self._ended:
            self._ended[id].set()
        return JSONResponse({"id": id, "object": "request", "cancelled": True})

    async def _adapters(self, request: Request) -> Response:
        self.adapter_requests += 1
        if self.listing:
            return self.listing
        if self.refusals:
            error = self.refusals.popleft()
            return JSONResponse(error.body(), status_code=error.status)
        return JSONResponse(AdapterList(data=self.adapters).model_dump(mode="json"))

    async def _health(self, request: Request) -> Response:
        return JSONResponse(Health(status="ready", model="nano", version="1").model_dump(mode="json"))


class _Quiet(uvicorn.Server):
    """Leaves the test runner's signal handlers alone, and ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    async def main_loop(self) -> None:
        await self.ending.wait()
