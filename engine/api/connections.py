"""What one connection may take of the server: a place among a bounded number, and time for its request's head.

uvicorn bounds neither. A client that opens connections and says nothing would use up the descriptors of the process,
and asyncio would then write a line for every connection that it cannot accept.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import resource
import socket
import time
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""How long a client may take from connecting, or from its last answer, to the end of its next request's headers."""
HEAD_BYTES = 16 * 1024
"""Bytes of the request line and the headers together."""
AT_ONCE = 64
"""Connections that asyncio accepts at one go: all of them are open before the first can be turned away."""
BACKLOG = 2048
"""Connections that the system keeps until they are accepted."""
RESERVE = 4 * AT_ONCE
"""Descriptors that are kept free: for what is accepted at one go, for model and adapter files."""
CONNECTIONS_MAX = 1000
"""Connections at the same time, where there are descriptors enough."""
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
COMPLAINT_SECONDS = 60.0
"""Seconds between two lines of the log about the same trouble."""

log = logging.getLogger(__name__)


def most_connections() -> int:
    """How many connections the server holds at the same time: what the limit of descriptors leaves room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS_MAX if soft == resource.RLIM_INFINITY else max(8, min(CONNECTIONS_MAX, soft - RESERVE))


def lengthen_backlog(number: int) -> None:
    """Have the system keep ``BACKLOG`` connections for the listening socket; asyncio knows one number for both."""
    with socket.socket(fileno=os.dup(number)) as listener:
        listener.listen(BACKLOG)


class BoundedProtocol(H11Protocol):
    """A connection that is closed when its head takes too long. Where all places are taken, the connection that has
    waited longest for a request makes room; if none waits, the newcomer goes.
    """

    _deadline: asyncio.TimerHandle | None = None
    _waits_since: float | None = None
    """When it began to wait for a request's headers; None while a request is answered."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > most_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget_deadline()

    def on_response_complete(self) -> None:
        self._expect_head()
        super().on_response_complete()
        if self.cycle is not None and not self.cycle.response_complete:  # the next request had been sent already
            self._forget_deadline()

    def _expect_head(self) -> None:
        self._forget_deadline()
        self._waits_since = time.monotonic()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _forget_deadline(self) -> None:
        self._waits_since = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        waiting = [one for one in self.connections if isinstance(one, BoundedProtocol) and one._waits_since is not None]
        leaving = min(waiting, key=lambda one: one._waits_since or 0.0)
        self.connections.discard(leaving)
        leaving.transport.abort()


class Complaints:
    """An event loop's exception handler that says once in a while, not each time, that no descriptor is left."""

    def __init__(self) -> None:
        self._silent_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in NO_DESCRIPTOR):
            loop.default_exception_handler(context)
        elif time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + COMPLAINT_SECONDS
            log.warning("connections are refused: the process has no file descriptor left (ulimit -n)")
