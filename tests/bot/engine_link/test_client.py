"""The client against an engine behind a real socket: what it retries, how long, and how it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from bot.engine_link import client as client_module
from bot.engine_link.client import DROPS_MAX, DrawEvent, EngineClient, Interrupted
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
from tests.bot.kit.behaviours import (
    Behaviour,
    break_off,
    break_off_at_once,
    draw,
    end_early,
    fail,
    refuse,
    send,
    waiting,
)
from tests.bot.kit.engine import ScriptedEngine
from tests.bot.kit.pictures import png

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
    assert sum(isinstance(event, Interrupted) for event in events) == 2


async def test_an_interrupted_drawing_is_queued_again(client: EngineClient, scripted: ScriptedEngine) -> None:
    scripted.script.append(break_off)
    events = [event for event in await collect(client) if isinstance(event, ProgressEvent | Interrupted)]
    states = [event.state if isinstance(event, ProgressEvent) else event for event in events]
    assert states == ["drawing", Interrupted(away=True), "queued", "drawing"]


async def test_the_client_waits_for_an_engine_that_is_not_there_yet(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    await scripted.stop()
    drawing = client.draw(FOX)
    assert await anext(drawing) == Interrupted(away=True)
    await scripted.start()
    assert seeds([event async for event in drawing]) == [3, 4]


async def test_the_client_gives_up_when_its_patience_is_at_its_end(scripted: ScriptedEngine) -> None:
    await scripted.stop()
    async with EngineClient(scripted.url, patience=0.05, wait=0.01) as client:
        with pytest.raises(Unreachable):
            await collect(client)


async def test_a_full_queue_is_asked_again_when_it_says_however_long_it_is_full(scripted: ScriptedEngine) -> None:
    scripted.script += [refuse(QueueFull("full", retry_after=0.3)), refuse(QueueFull("full"), retry_after="1")]
    async with EngineClient(scripted.url, patience=0.5, wait=0.01) as client:
        events = await collect(client)
    assert [event for event in events if isinstance(event, Interrupted)] == [Interrupted(away=False)] * 2
    assert seeds(events) == [3, 4]


@pytest.mark.parametrize(
    ("asked", "header", "seconds"),
    [
        ("3600", "", 60.0),
        ("NaN", "", None),
        ("Infinity", "", None),
        ("-Infinity", "", None),
        ("-5", "", None),
        ("0", "", None),
        ('"soon"', "", None),
        ("true", "", 1.0),
        ("null", "7", 7.0),
        ("null", "9" * 400, None),
        ("null", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("1" + "0" * 400, "", 60.0),
    ],
)
async def test_the_seconds_to_wait_are_some_that_can_be_waited(
    client: EngineClient, scripted: ScriptedEngine, asked: str, header: str, seconds: float | None
) -> None:
    body = '{"error": {"code": "not_found", "message": "no", "param": 7, "retry_after": ' + asked + "}}"
    scripted.script.append(answer(Response(body, 404, headers={"Retry-After": header} if header else {})))
    with pytest.raises(NotFound) as refused:
        await collect(client)
    assert (refused.value.retry_after, refused.value.param) == (seconds, None)


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
        StreamingResponse(iter(["data: " + "[" * 100_000 + "\n\n"])),
        StreamingResponse(iter(['data: {"error": []}\n\n'])),
        PlainTextResponse("[" * 100_000, 400),
        JSONResponse({"error": "no"}, 400),
    ],
)
async def test_an_answer_that_nobody_understands_is_an_engine_error(
    client: EngineClient, scripted: ScriptedEngine, response: Response
) -> None:
    scripted.script.append(answer(response))
    with pytest.raises(EngineError):
        await collect(client)


async def test_a_picture_that_was_not_asked_for_is_an_engine_error(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    for wrong in ({"image_index": 2}, {"image_index": -1}, {"seed": -1}, {"seed": 1 << 40}):
        scripted.script.append(send(png(1, ""), **wrong))
        with pytest.raises(EngineError):
            await collect(client)


async def test_progress_is_told_in_numbers_that_make_sense(client: EngineClient, scripted: ScriptedEngine) -> None:
    odd = {"position": -3, "eta_seconds": float("inf"), "step": 90, "steps": 25}
    scripted.before = [waiting().model_copy(update=odd), waiting(eta=-1.0), waiting(eta=1e9)]
    first, *others = [event for event in await collect(client) if isinstance(event, ProgressEvent)]
    assert (first.position, first.eta_seconds, first.step, first.steps) == (0, None, 25, 25)
    assert [event.eta_seconds for event in others] == [None, None]


async def test_bytes_that_cannot_be_unpacked_break_off_one_attempt_only(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    scripted.script.append(answer(Response(b"no gzip", headers={"Content-Encoding": "gzip"})))
    assert seeds(await collect(client)) == [3, 4]


async def test_a_stream_that_says_nothing_is_taken_up_again(
    client: EngineClient, scripted: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "STREAM_SILENCE_SECONDS", 0.3)
    scripted.gate.clear()
    drawing = client.draw(FOX)
    events = [await anext(drawing) for _ in range(4)]
    assert events[-1] == Interrupted(away=True)
    scripted.gate.set()
    assert seeds([event async for event in drawing]) == [3, 4]


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


@pytest.mark.parametrize(
    "response",
    [
        Response(b"no gzip", headers={"Content-Encoding": "gzip"}),
        PlainTextResponse("{"),
        JSONResponse([]),
        JSONResponse({"data": {}}),
        PlainTextResponse("[" * 100_000),
        PlainTextResponse("[" * 100_000, 500),
    ],
)
async def test_a_list_that_is_none_is_an_engine_error(
    client: EngineClient, scripted: ScriptedEngine, response: Response
) -> None:
    scripted.listing = response
    with pytest.raises(EngineError):
        await client.adapters()


async def test_one_adapter_that_cannot_be_read_takes_none_of_the_others_away(
    client: EngineClient, scripted: ScriptedEngine
) -> None:
    good = scripted.adapters[0].model_dump(mode="json")
    scripted.listing = JSONResponse({"data": [{"name": 7}, good, None, {**good, "style": "?"}]})
    assert await client.adapters() == (scripted.adapters[0],)


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
