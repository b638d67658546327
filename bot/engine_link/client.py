"""The engine over HTTP: one stream for each job, taken up again while the engine restarts."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from bot.engine_link import checks
from bot.engine_link.tls import verification
from engine.errors import EngineError, QueueFull, ShuttingDown, Unreachable, from_body, seconds_to_wait
from engine.protocol import (
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    GenerationRequest,
    Health,
    ModelInfo,
    ModelList,
)

Message = TypeVar("Message", bound=BaseModel)
log = logging.getLogger(__name__)

SILENCE_SECONDS = 300.0
"""An answer that does not begin for so long is taken for dead: an adapter may be read from a slow disk first."""
STREAM_SILENCE_SECONDS = 60.0
"""A stream that says nothing for so long is taken for dead: the engine says every 15 seconds that it is alive."""
ANSWER_SECONDS = 10.0
LIST_SECONDS = 3.0
"""How long a list of adapters or models is believed."""
DROPS_MAX = 4
"""Streams of one job that may break off before the job is taken for the cause."""
WAIT_FIRST, WAIT_MOST = 0.25, 8.0
"""Seconds between two attempts: doubled each time."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The job is in the queue again. ``away``: the engine does not answer; else it answers that its queue is full."""

    away: bool


DrawEvent = checks.StreamEvent | Interrupted


class EngineClient:
    """``patience``: seconds for which a job waits for an engine that gives no sign of life.

    ``async with EngineClient(url, key) as engine: ...``
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience: float = 600.0,
        wait: float = WAIT_FIRST,
        list_seconds: float = LIST_SECONDS,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(ANSWER_SECONDS, read=SILENCE_SECONDS, pool=None)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=timeout, limits=limits, trust_env=False, verify=verification(url)
        )
        self._patience = patience
        self._wait = wait
        self._adapters = _Cached[AdapterList](list_seconds)
        self._models = _Cached[ModelList](list_seconds)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def health(self) -> Health:
        """One attempt; raises ``engine.errors.EngineError``."""
        return await self._get("/health", Health.model_validate_json)

    async def adapters(self) -> tuple[AdapterInfo, ...]:
        """What the engine can draw with; at most some seconds old. Raises ``engine.errors.EngineError``."""
        found = self._adapters.get() or self._adapters.put(await self._get("/v1/adapters", checks.adapters))
        return tuple(found.data)

    async def models(self) -> tuple[ModelInfo, ...]:
        """The loaded models. Raises ``engine.errors.EngineError``."""
        found = self._models.get() or self._models.put(await self._get("/v1/models", ModelList.model_validate_json))
        return tuple(found.data)

    async def draw(self, request: GenerationRequest) -> AsyncGenerator[DrawEvent]:
        """What happens to the request, up to its last picture. Close the iterator to cancel: once that is through,
        the engine has stopped working on it.

        After an interruption (``Interrupted``) the events begin again, and the same pictures come once more.
        Raises ``engine.errors.EngineError`` for what waiting does not mend.
        """
        retry = _Retry(self._patience, self._wait)
        while True:
            try:
                async with aclosing(self._attempt(request)) as events:
                    async for event in events:
                        retry.alive()
                        yield event
                return
            except (httpx.RequestError, EngineError) as error:
                seconds = retry.after(error)
                log.debug("the engine is asked again in %.1f s: %r", seconds, error)
                interrupted = Interrupted(away=not isinstance(error, QueueFull))
            yield interrupted
            await asyncio.sleep(seconds)

    async def _attempt(self, request: GenerationRequest) -> AsyncGenerator[DrawEvent]:
        """One stream. Whoever closes it early goes on once the engine has stopped the work."""
        body, headers = request.model_dump(exclude_none=True), {"X-Request-Id": uuid.uuid4().hex}
        post = self._http.build_request("POST", "/v1/images/generations", json=body, headers=headers)
        response, missing = None, set(range(request.n))
        try:
            response = await self._http.send(post, stream=True)
            async with aclosing(_events(response)) as events:
                async for event in events:
                    if isinstance(event, CompletedEvent):
                        if event.image_index not in missing:
                            raise EngineError(f"a picture that was not asked for: {event.image_index}")
                        missing.remove(event.image_index)
                    yield event
                    if not missing:
                        return
        except (asyncio.CancelledError, GeneratorExit):
            await self._stop(headers["X-Request-Id"])
            raise
        finally:
            if response:
                await response.aclose()
        raise httpx.RemoteProtocolError("the stream ended before the last picture")

    async def _stop(self, request_id: str) -> None:
        """Returns once the engine has stopped working on the request, or is not there to ask."""
        with suppress(httpx.RequestError):
            await self._http.delete(f"/v1/requests/{request_id}", timeout=ANSWER_SECONDS)

    async def _get(self, path: str, read: Callable[[bytes], Message]) -> Message:
        try:
            response = await self._http.get(path, timeout=ANSWER_SECONDS)
            if response.status_code != httpx.codes.OK:
                raise _error(response)
            return read(response.content)
        except httpx.TransportError as error:
            raise Unreachable(f"{self._http.base_url}: {_why(error)}") from error
        except (httpx.RequestError, ValidationError) as error:
            raise EngineError(f"{path} is answered with what no engine says ({type(error).__name__})") from error


class _Retry:
    """When to try again, and when not. Patience is for an engine that says nothing: a full queue is no silence."""

    def __init__(self, patience: float, wait: float) -> None:
        self._patience, self._first = patience, wait
        self._drops = 0
        self.alive()

    def alive(self) -> None:
        """The engine said something."""
        self._deadline = time.monotonic() + self._patience
        self._wait = self._first

    def after(self, error: httpx.RequestError | EngineError) -> float:
        """Seconds to wait after ``error``; raises EngineError if there is no use in waiting, or no time left."""
        self._drops += not isinstance(error, EngineError | httpx.ConnectError | httpx.ConnectTimeout)
        asked = error.retry_after if isinstance(error, EngineError) else None
        seconds, self._wait = asked or self._wait, min(2 * self._wait, WAIT_MOST)
        if isinstance(error, QueueFull):
            self._deadline = time.monotonic() + self._patience
            return seconds
        hopeless = isinstance(error, EngineError) and not isinstance(error, ShuttingDown | Unreachable)
        if hopeless or self._drops > DROPS_MAX or time.monotonic() + seconds > self._deadline:
            raise error if isinstance(error, EngineError) else Unreachable(_why(error)) from error
        return seconds


class _Cached(Generic[Message]):
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._value: Message | None = None
        self._until = 0.0

    def get(self) -> Message | None:
        return self._value if time.monotonic() < self._until else None

    def put(self, value: Message) -> Message:
        self._value, self._until = value, time.monotonic() + self._seconds
        return value


async def _events(response: httpx.Response) -> AsyncGenerator[checks.StreamEvent]:
    """The events of an SSE stream: ``data`` lines up to an empty line. Raises what an ``error`` event describes."""
    if response.status_code != httpx.codes.OK:
        await response.aread()
        raise _error(response)
    data: list[str] = []
    lines = response.aiter_lines()
    while (line := await _line(lines)) is not None:
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            text, data = "\n".join(data), []
            if text != "[DONE]":
                yield _event(text)


async def _line(lines: AsyncIterator[str]) -> str | None:
    """The next line; None at the end. Raises httpx.ReadTimeout after ``STREAM_SILENCE_SECONDS``."""
    try:
        async with asyncio.timeout(STREAM_SILENCE_SECONDS):
            return await anext(lines, None)
    except TimeoutError:
        raise httpx.ReadTimeout(f"the engine said nothing for {STREAM_SILENCE_SECONDS:.0f} s") from None


def _event(text: str) -> checks.StreamEvent:
    try:
        content = json.loads(text)
        failed = from_body(content) if isinstance(content, dict) and "error" in content else None
    except (ValueError, RecursionError) as error:
        raise EngineError(f"an event that is no JSON: {error}") from None
    if failed:
        raise failed
    return checks.event(text)


def _error(response: httpx.Response) -> EngineError:
    """What an answer other than 200 says; a proxy's answer without our body counts as an engine that is away."""
    try:
        error = from_body(response.json())
    except (ValueError, RecursionError):
        error = Unreachable(f"HTTP {response.status_code}")
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            error = QueueFull(f"HTTP {response.status_code}")
        elif response.status_code < 500:
            error = EngineError(f"HTTP {response.status_code}")
    if error.retry_after is None:
        error.retry_after = _seconds(response.headers.get("Retry-After", ""))
    return error


def _seconds(text: str) -> float | None:
    """The seconds of a ``Retry-After``; None for a date, or for what is no number."""
    return seconds_to_wait(float(text)) if text.isascii() and text.isdigit() else None


def _why(error: httpx.RequestError) -> str:
    """What happened on the wire; several of these errors have no text of their own."""
    return str(error) or type(error).__name__
