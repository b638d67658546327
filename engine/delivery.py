"""From the engine's threads to one HTTP answer: a job's events as an asynchronous iterator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from engine.engine import Engine
from engine.errors import EngineError
from engine.events import LAST, Alive, Event, Failed
from engine.job import Job
from engine.plan import Plan

ALIVE_SECONDS = 15.0
"""A job of which there is nothing to tell says at least so, this often."""


class Delivery:
    """Submits a plan and receives its events; leaving early cancels the job at its next step."""

    def __init__(self, engine: Engine, id: str, plan: Plan, *, progress: bool = False) -> None:
        self._engine = engine
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        self.failure: EngineError | None = None
        self.job = Job(id, plan, self._receive, progress=progress)

    async def submit(self) -> None:
        """Returns when the request was accepted or has failed, which ``failure`` tells.

        :raises QueueFull, ShuttingDown:
        """
        self._engine.submit(self.job)
        first = await self._events.get()
        self.failure = first.error if isinstance(first, Failed) else None

    def cancel(self) -> None:
        self._engine.cancel(self.job)

    async def events(self) -> AsyncIterator[Event]:
        """Until the last one; closing the iterator before cancels the job."""
        try:
            while True:
                event = await self._next()
                yield event
                if isinstance(event, LAST):
                    return
        finally:
            if not self.ended.is_set():
                self.cancel()

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
