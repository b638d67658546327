"""An event loop in a thread, so that the main thread may wait at a prompt and still hear Ctrl-C."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class LoopThread(Generic[T]):
    """Keeps an async context open while the ``with`` block runs; ``value`` is what entering it gave.

    Entering and leaving raise what the context raises. Ctrl-C while it is being entered abandons it.
    """

    def __init__(self, context: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._context = context
        self._opened: Future[T] = Future()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="studio")
        self._started = threading.Event()

    @property
    def value(self) -> T:
        return self._opened.result(timeout=0)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if self._error is not None and error is None:
            raise self._error

    def start(self, work: Coroutine[Any, Any, R]) -> Future[R]:
        """Run a coroutine on the loop; the caller waits for the future."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the loop and wait for it; Ctrl-C cancels it."""
        future = self.start(work)
        try:
            return future.result()
        finally:
            future.cancel()

    def _main(self) -> None:
        try:
            asyncio.run(self._hold())
        except BaseException as error:
            if self._opened.done():
                self._error = error
            else:
                self._opened.set_exception(error)

    async def _hold(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._loop, self._stop, self._abandon = asyncio.get_running_loop(), asyncio.Event(), task.cancel
        self._started.set()
        async with self._context() as value:
            self._opened.set_result(value)
            await self._stop.wait()

    def _end(self) -> None:
        self._started.wait()
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._stop.set if self._opened.done() else self._abandon)
        self._thread.join()
