"""Waiting for a condition: on an event loop for a change, between threads by looking again."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

T = TypeVar("T")
LIMIT = 60.0
"""Seconds after which a condition is taken for one that never comes true."""
GLANCE = 0.002
"""Seconds between two looks at what says nothing of its changes."""


class Changes:
    """Wakes those who wait for a condition whenever something changed; on one event loop."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def wait(self) -> Awaitable[object]:
        """Await it for the next change: counted from this call, even if a task awaits it that starts later."""
        return self._changed.wait()

    def notify(self) -> None:
        """Something changed: let everybody who waits look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], T | bool | None], limit: float = LIMIT) -> T:
        """The value of ``condition`` once it is true; raises AssertionError if it never becomes so."""
        try:
            async with asyncio.timeout(limit):
                while not (value := condition()):
                    await self.wait()
                return cast(T, value)
        except TimeoutError:
            raise AssertionError(f"never came: {inspect.getsource(condition)}") from None


def eventually(condition: Callable[[], T | bool | None], limit: float = LIMIT) -> T:
    """The value of ``condition`` once it is true, for what another thread does and tells nobody."""
    end = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < end, f"never came: {inspect.getsource(condition)}"
        time.sleep(GLANCE)
    return cast(T, value)
