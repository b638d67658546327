"""An engine without a model, behind a real socket: speaks ``engine.protocol`` and does what a test tells it."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

import uvicorn
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from engine.errors import EngineError
from engine.protocol import (
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    GenerationRequest,
    Health,
    PartialImageEvent,
    ProgressEvent,
    StyleInfo,
    Usage,
)

PARAMETERS = "{prompt}\nSteps: {steps}, Sampler: DPM++ 2M, CFG scale: {cfg}, Seed: {seed}, Size: {size}, Model: nano"
Behaviour = Callable[["ScriptedEngine", GenerationRequest, str], Awaitable[Response]]


class ScriptedEngine:
    """``script`` holds what happens to the next requests, one entry each; then every request is drawn.

    ``gate`` holds pictures back while it is cleared.
    """

    def __init__(self) -> None:
        self.script: deque[Behaviour] = deque()
        self.requests: list[GenerationRequest] = []
        self.authorizations: list[str | None] = []
        self.adapters = [adapter(name) for name in ("kancil", "retro", "landscape", "batik")]
        self.adapter_requests = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.drawing = asyncio.Event()
        """Set once a request has been told that it is drawn."""
        self.stopped: set[str] = set()
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
        """As a crash: streams under way break off. Who is accepted while asyncio closes would never be closed."""
        if self._server:
            asyncio.get_running_loop().remove_reader(self._listener)
            await asyncio.sleep(0)
            self._server.force_exit = True
            self._server.ending.set()
            await self._task
            self._server = None

    async def _generate(self, request: Request) -> Response:
        body = GenerationRequest.model_validate_json(await request.body(), strict=True)
        self.requests.append(body)
        self.authorizations.append(request.headers.get("authorization"))
        id = request.headers["x-request-id"]
        if self.script:
            return await self.script.popleft()(self, body, id)
        return await draw(self, body, id)

    async def _cancel(self, request: Request) -> Response:
        id = request.path_params["id"]
        self.stopped.add(id)
        if id in self._ended:
            self._ended[id].set()
        return JSONResponse({"id": id, "object": "request", "cancelled": True})

    async def _adapters(self, request: Request) -> Response:
        self.adapter_requests += 1
        return JSONResponse(AdapterList(data=self.adapters).model_dump(mode="json"))

    async def _health(self, request: Request) -> Response:
        return JSONResponse(Health(status="ready", model="nano", version="1").model_dump(mode="json"))

    async def hold(self, id: str) -> None:
        """Waits for the gate, or for the request's end."""
        ended = self._ended.setdefault(id, asyncio.Event())
        waiters = [asyncio.create_task(self.gate.wait()), asyncio.create_task(ended.wait())]
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()


class _Quiet(uvicorn.Server):
    """Leaves the test runner's signal handlers alone, and ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)

    async def main_loop(self) -> None:
        await self.ending.wait()


async def draw(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
    """Every picture, after two reports and a partial picture."""
    return sse(_whole(engine, request, id))


async def break_off(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
    """The connection breaks after the drawing began."""

    async def events() -> AsyncIterator[BaseModel]:
        yield ProgressEvent(request_id=id, state="drawing", step=1, steps=25)
        raise ConnectionResetError

    return sse(events())


async def break_off_at_once(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
    """The connection breaks after the answer's headers."""

    async def nothing() -> AsyncIterator[BaseModel]:
        raise ConnectionResetError
        yield

    return sse(nothing())


async def end_early(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
    """The stream ends in good order, but without a picture."""

    async def events() -> AsyncIterator[BaseModel]:
        yield ProgressEvent(request_id=id, state="drawing", step=1, steps=25)

    return sse(events())


def refuse(error: EngineError, retry_after: str = "") -> Behaviour:
    """The answer is this error."""

    async def behave(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
        headers = {"Retry-After": retry_after} if retry_after else {}
        return JSONResponse(error.body(), status_code=error.status, headers=headers)

    return behave


def fail(error: EngineError) -> Behaviour:
    """The stream begins, then tells this error."""

    async def behave(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
        async def events() -> AsyncIterator[str]:
            yield f"event: error\ndata: {json.dumps(error.body())}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return behave


def sse(events: AsyncIterator[BaseModel]) -> Response:
    async def lines() -> AsyncIterator[str]:
        async for event in events:
            yield f"event: {getattr(event, 'type', '')}\ndata: {event.model_dump_json()}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


async def _whole(engine: ScriptedEngine, request: GenerationRequest, id: str) -> AsyncIterator[BaseModel]:
    steps = request.num_inference_steps or 25
    yield ProgressEvent(request_id=id, state="queued", position=2, eta_seconds=4.5)
    yield ProgressEvent(request_id=id, state="drawing", step=1, steps=steps)
    partial = picture(f"partial {request.prompt}")
    yield PartialImageEvent(b64_json=partial, created_at=0, size="64x64", partial_image_index=0, step=1, steps=steps)
    engine.drawing.set()
    await engine.hold(id)
    for index in range(request.n):
        seed = (request.seed or 0) + index
        parameters = PARAMETERS.format(
            prompt=request.prompt, steps=steps, cfg=request.guidance_scale, seed=seed, size=request.size
        )
        yield CompletedEvent(
            b64_json=picture(f"{request.prompt} {seed} {[one.name for one in request.adapters]}"),
            created_at=0,
            size="64x64",
            image_index=index,
            usage=Usage(),
            seed=seed,
            parameters=parameters,
        )


def picture(content: str) -> str:
    """Bytes that a test can tell apart, in base 64."""
    return base64.b64encode(content.encode()).decode()


WEIGHTS = {"kancil": 0.7, "retro": 1.0, "landscape": 0.7}
"""Adapters that declare the style of their name."""


def style(command: str, frame: str = "{prompt}, soft lines", weight: float = 0.7) -> StyleInfo:
    return StyleInfo(command=command, frame=frame, weight=weight, description=f"Draw as {command}")


def adapter(
    name: str, *, usable: bool = True, base_model: str = "nano", declares: StyleInfo | None = None
) -> AdapterInfo:
    shipped = style(name, weight=WEIGHTS[name]) if name in WEIGHTS else None
    return AdapterInfo(
        name=name,
        kind="lora",
        base_model=base_model,
        prediction_type="v_prediction",
        title=name.title(),
        rank=8,
        sha256="0" * 64,
        style=declares or shipped,
        usable=usable,
    )
