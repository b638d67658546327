"""Signals at a prompt. Python's readline can miss one that arrives just before it begins to wait for a key, and would
then sleep until the next key; here it is sent again until it was heard.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATIENCE = 0.05
"""Seconds after which a signal counts as missed."""
NUMBERS = (signal.SIGINT, signal.SIGTERM)


class _Once:
    """A handler that passes on the first signal alone. One that comes while the block is left waits until it is."""

    def __init__(self) -> None:
        self.handlers = {number: handler for number in NUMBERS if callable(handler := signal.getsignal(number))}
        self.settled = threading.Event()
        self.late: int | None = None
        self._heard = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._heard:
            return
        if self.settled.is_set():
            self.late = number
            return
        self._heard = True
        self.settled.set()
        self.handlers[signal.Signals(number)](number, frame)


@contextmanager
def surely_heard() -> Iterator[None]:
    """SIGINT and SIGTERM reach their handlers, once, while the block waits; for the main thread."""
    once = _Once()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    repeater = threading.Thread(target=_repeat, args=(ours, once.settled), name="signals", daemon=True)
    earlier = signal.set_wakeup_fd(theirs.fileno())
    for number in once.handlers:
        signal.signal(number, once)
    repeater.start()
    try:
        yield
    finally:
        once.settled.set()
        signal.set_wakeup_fd(earlier)
        theirs.close()
        repeater.join()
        ours.close()
        for number, handler in once.handlers.items():
            signal.signal(number, handler)
        if once.late is not None:
            signal.raise_signal(once.late)


def _repeat(arrivals: socket.socket, settled: threading.Event) -> None:
    """Python writes the number of each signal that arrives; nothing more comes once the block is left."""
    main = threading.main_thread().ident
    assert main is not None
    if number := arrivals.recv(1):
        while not settled.wait(PATIENCE):
            signal.pthread_kill(main, number[0])
