"""What an engine can do with a request."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response, StreamingResponse

from engine.diffusion.infotext import infotext
from engine.errors import EngineError
from engine.protocol import CompletedEvent, GenerationRequest, PartialImageEvent, ProgressEvent, Usage
from tests.bot.kit.pictures import png, used

if TYPE_CHECKING:
    from tests.bot.kit.engine import ScriptedEngine

Behaviour = Callable[["ScriptedEngine", GenerationRequest, str], Awaitable[Response]]
"""The engine, what is asked, and the request's id."""


async def draw(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
    """Every picture, after what the engine tells before."""
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


def send(picture: bytes, **changes: Any) -> Behaviour:
    """The one picture is these bytes; its event is changed so."""

    async def behave(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
        async def events() -> AsyncIterator[BaseModel]:
            event = _completed(request, 0, engine.side)
            yield event.model_copy(update={"b64_json": _encoded(picture), **changes})

        return sse(events())

    return behave


def sse(events: AsyncIterator[BaseModel]) -> Response:
    async def lines() -> AsyncIterator[str]:
        async for event in events:
            yield f"event: {getattr(event, 'type', '')}\ndata: {event.model_dump_json()}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


def waiting(position: int = 1, eta: float = 3.0) -> ProgressEvent:
    return ProgressEvent(request_id="r", state="queued", position=position, eta_seconds=eta)


def drawing(step: int, steps: int) -> ProgressEvent:
    return ProgressEvent(request_id="r", state="drawing", step=step, steps=steps)


def partial(step: int, steps: int) -> PartialImageEvent:
    picture = _encoded(png(step, "partial"))
    return PartialImageEvent(
        b64_json=picture, created_at=0, size="512x512", partial_image_index=0, step=step, steps=steps
    )


def usual(request: GenerationRequest) -> Sequence[BaseModel]:
    """Two reports and a partial picture."""
    steps = request.num_inference_steps or 25
    return waiting(2, 4.5), drawing(1, steps), partial(1, steps)


async def _whole(engine: ScriptedEngine, request: GenerationRequest, id: str) -> AsyncIterator[BaseModel]:
    for event in usual(request) if engine.before is None else engine.before:
        yield event
    engine.told.set()
    await engine.hold(id)
    for index in range(request.n):
        yield _completed(request, index, engine.side)


def _completed(request: GenerationRequest, index: int, side: int) -> CompletedEvent:
    seed = (request.seed or 0) + index
    drawn = used(
        prompt=request.frame.replace("{prompt}", request.prompt),
        negative_prompt=request.negative_prompt,
        seed=seed,
        steps=request.num_inference_steps or 25,
        guidance_scale=request.guidance_scale or 7.5,
        sampler=request.sampler or "dpm++-2m",
        drawn_size=request.size or "512x512",
        size=request.size or "512x512",
        adapters=request.adapters,
    )
    parameters = infotext(drawn)
    return CompletedEvent(
        b64_json=_encoded(png(seed, parameters, side)),
        created_at=0,
        size=request.size or "512x512",
        image_index=index,
        usage=Usage(),
        seed=seed,
        parameters=parameters,
        used=drawn,
    )


def _encoded(picture: bytes) -> str:
    return base64.b64encode(picture).decode()
