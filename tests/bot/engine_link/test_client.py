"""The client against an engine behind a real socket: what it retries, how long, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from bot.engine_link.client import DROPS_MAX, DrawEvent, EngineClient
from engine.errors import (
    AdapterRefused,
    BadRequest,
    EngineError,
    NotFound,
    QueueFull,
    ShuttingDown,
    Unauthorized,
    Unreachable,
)
from engine.protocol import CompletedEvent, GenerationRequest, PartialImageEvent, ProgressEvent
from tests.bot.kit.behaviours import Behaviour, break_off, break_off_at_once, draw, end_early, fail, refuse
from tests.bot.kit.engine import ScriptedEngine

FOX = GenerationRequest(prompt="a fox", n=2, seed=3, stream=True, progress=True, partial_images=1)


@pytest.fixture
async def client(scripted: ScriptedEngine) -> AsyncIterator[EngineClient]:
    async with EngineClient(scripted.url, "secret", patience=20, wait=0.01) as client:
        yield client


async def collect(client: EngineClient, request: GenerationRequest = FOX) -> list[DrawEvent]:
    return [event async for event in client.draw(request)]


def seeds(events: list[DrawEvent]) -> list[int]:
    return [event.seed for event in events if isinstance(event, CompletedEvent)]


def answer(response: Response) -> Behaviour:
    async def behave(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
        return response

    return behave


async def test_a_drawing_comes_as_typed_events_up_to_the_last_picture(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    events = await collect(client)
    kinds = [ProgressEvent, ProgressEvent, PartialImageEvent, CompletedEvent, CompletedEvent]
    assert [type(event) for event in events] == kinds
    assert seeds(events) == [3, 4]
    assert scripted.requests == [FOX]
    assert scripted.authorizations == ["Bearer secret"]
    assert scripted.stopped == []


@pytest.mark.parametrize("hindrance", [break_off, end_early, fail(ShuttingDown("restart")), refuse(QueueFull("full"))])
async def test_what_passes_by_itself_is_tried_again(
    client: EngineClient, scripted: ScriptedEngine, hindrance: Behaviour
) -> None:
    scripted.script += [hindrance, hindrance]
    events = await collect(client)
    assert seeds(events) == [3, 4]
    assert len(scripted.requests) == 3
    assert sum(isinstance(event, ProgressEvent) and not event.request_id for event in events) == 2


async def test_an_interrupted_drawing_is_queued_again(client: EngineClient, scripted: ScriptedEngine) -> None:
    scripted.script.append(break_off)
    states = [event.state for event in await collect(client) if isinstance(event, ProgressEvent)]
    assert states == ["drawing", "queued", "queued", "drawing"]


async def test_the_client_waits_for_an_engine_that_is_not_there_yet(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    await scripted.stop()
    drawing = client.draw(FOX)
    assert isinstance(await anext(drawing), ProgressEvent)
    await scripted.start()
    assert seeds([event async for event in drawing]) == [3, 4]


async def test_the_client_gives_up_when_its_patience_is_at_its_end(scripted: ScriptedEngine) -> None:
    await scripted.stop()
    async with EngineClient(scripted.url, patience=0.05, wait=0.01) as client:
        with pytest.raises(Unreachable):
            await collect(client)


async def test_a_busy_engine_is_asked_again_when_it_says_and_not_after_the_deadline(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    scripted.script.append(refuse(QueueFull("full", retry_after=3600)))
    with pytest.raises(QueueFull):
        await collect(client)
    scripted.script.append(refuse(QueueFull("full"), retry_after="3600"))
    with pytest.raises(QueueFull) as refused:
        await collect(client)
    assert refused.value.retry_after == 3600
    assert len(scripted.requests) == 2


async def test_a_proxy_without_an_engine_behind_it_is_waited_for(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    scripted.script += [answer(PlainTextResponse("Bad Gateway", 502)), answer(PlainTextResponse("slow", 429))]
    assert seeds(await collect(client)) == [3, 4]


@pytest.mark.parametrize("error", [BadRequest, Unauthorized, NotFound, AdapterRefused])
async def test_an_error_that_waiting_does_not_mend_is_raised_at_once(
    client: EngineClient, scripted: ScriptedEngine, error: type[EngineError]
) -> None:
    scripted.script.append(refuse(error("no", param="size")))
    with pytest.raises(error) as raised:
        await collect(client)
    assert (raised.value.message, raised.value.param) == ("no", "size")
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    "response",
    [
        PlainTextResponse("no", 404),
        JSONResponse([], 418),
        StreamingResponse(iter(["data: what?\n\n"])),
        StreamingResponse(iter(['data: {"type": "image_generation.surprise"}\n\n'])),
        StreamingResponse(iter(["data: 7\n\n"])),
    ],
)
async def test_an_answer_that_nobody_understands_is_an_engine_error(
    client: EngineClient, scripted: ScriptedEngine, response: Response
) -> None:
    scripted.script.append(answer(response))
    with pytest.raises(EngineError):
        await collect(client)


@pytest.mark.parametrize("hindrance", [break_off, break_off_at_once])
async def test_a_request_that_breaks_the_engine_again_and_again_is_given_up(
    client: EngineClient, scripted: ScriptedEngine, hindrance: Behaviour
) -> None:
    scripted.script += [hindrance] * (DROPS_MAX + 2)
    with pytest.raises(Unreachable):
        await collect(client)
    assert len(scripted.requests) == DROPS_MAX + 1


async def test_closing_the_stream_stops_the_work_in_the_engine(client: EngineClient, scripted: ScriptedEngine) -> None:
    scripted.gate.clear()
    drawing = client.draw(FOX)
    while not isinstance(await anext(drawing), PartialImageEvent):
        pass
    await drawing.aclose()
    assert len(scripted.stopped) == 1


async def test_cancelling_the_task_stops_the_work_in_the_engine(client: EngineClient, scripted: ScriptedEngine) -> None:
    scripted.gate.clear()
    task = asyncio.create_task(collect(client))
    await scripted.told.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(scripted.stopped) == 1


async def test_an_engine_that_is_gone_does_not_hold_up_a_cancel(client: EngineClient, scripted: ScriptedEngine) -> None:
    await scripted.stop()
    drawing = client.draw(FOX)
    await anext(drawing)
    await drawing.aclose()
    assert scripted.requests == []


async def test_the_list_of_adapters_is_asked_for_once_in_a_while(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    first, second = await client.adapters(), await client.adapters()
    assert first == second == tuple(scripted.adapters)
    assert scripted.adapter_requests == 1


async def test_health_is_one_attempt(client: EngineClient, scripted: ScriptedEngine) -> None:
    assert (await client.health()).model == "nano"
    with pytest.raises(EngineError):
        await client.models()
    await scripted.stop()
    with pytest.raises(Unreachable):
        await client.health()


async def test_a_second_drawing_can_run_beside_the_first(client: EngineClient, scripted: ScriptedEngine) -> None:
    scripted.script += [draw, draw]
    first, second = await asyncio.gather(collect(client), collect(client, FOX.model_copy(update={"seed": 9})))
    assert (seeds(first), seeds(second)) == ([3, 4], [9, 10])
