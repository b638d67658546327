"""From the engine's threads to one HTTP answer: a job's events as an asynchronous iterator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from engine.api.answers import failure
from engine.batch.active_request import ActiveRequest
from engine.batch.engine import Engine
from engine.batch.events import LAST, Alive, Event
from engine.plan import Plan

ALIVE_SECONDS = 15.0
"""A job of which there is nothing to tell says at least so, this often."""


class Delivery:
    """Submits a plan and receives its events, until the last one; ``on_end`` is called on the event loop."""

    def __init__(
        self, engine: Engine, id: str, plan: Plan, *, progress: bool = False, on_end: Callable[[], object]
    ) -> None:
        self._engine = engine
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self.ended = asyncio.Event()
        self.job = ActiveRequest(id, plan, self._receive, progress=progress)

    def submit(self) -> None:
        """:raises BadRequest, QueueFull, ShuttingDown:"""
        self._engine.submit(self.job)

    async def accepted(self) -> None:
        """Returns when the request can be drawn.

        :raises EngineError: where it cannot, or was cancelled before.
        """
        if error := failure(await self._events.get()):
            raise error

    def cancel(self) -> None:
        """Have the job end at its next step, if it has not ended yet."""
        if not self.ended.is_set():
            self._engine.cancel(self.job)

    async def events(self) -> AsyncIterator[Event]:
        """Those that follow, until the last one."""
        while True:
            event = await self._next()
            yield event
            if isinstance(event, LAST):
                return

    async def _next(self) -> Event:
        try:
            return await asyncio.wait_for(self._events.get(), ALIVE_SECONDS)
        except TimeoutError:
            return Alive()

    def _receive(self, event: Event) -> None:
        self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event) -> None:
        self._events.put_nowait(event)
        if isinstance(event, LAST):
            self.ended.set()
            self._on_end()
