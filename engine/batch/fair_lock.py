"""One computation at a time where all threads share the same cores."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

import torch


class FairLock:
    """A lock that is taken in the order in which it was asked for.

    torch spreads every operation over all cores. Two threads that compute at once make each operation wait for a core
    that the other one holds; taking turns, both are done sooner. A plain lock would not do: whoever asks again at once,
    as the step loop does, keeps the others out.
    """

    def __init__(self) -> None:
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Those who wait, and the one whose turn it is."""
        return len(self._queue)

    def __enter__(self) -> None:
        mine = threading.Event()
        with self._lock:
            self._queue.append(mine)
            if len(self._queue) == 1:
                mine.set()
        mine.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            self._queue.popleft()
            if self._queue:
                self._queue[0].set()


def compute_lock(device: torch.device) -> AbstractContextManager[None]:
    """A FairLock on a CPU; a CUDA card puts what it is given in order by itself."""
    return FairLock() if device.type == "cpu" else nullcontext()
