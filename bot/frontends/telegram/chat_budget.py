"""How much a chat may get, and what it got."""

from __future__ import annotations

import asyncio
from collections import deque

COURTESY_GAP = 1.0
"""Seconds of quiet in a chat before a courtesy."""


class SlidingWindow:
    """At most ``most`` messages in any ``seconds``; times are those of a monotonic clock."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self._sent: deque[float] = deque()

    def count(self, now: float) -> int:
        """Messages in the window that ends now."""
        while self._sent and self._sent[0] <= now - self.seconds:
            self._sent.popleft()
        return len(self._sent)

    def free_at(self, now: float) -> float:
        """When one more fits."""
        return now if self.count(now) < self.most else self._sent[-self.most] + self.seconds

    def note(self, now: float, messages: int = 1) -> None:
        self._sent.extend([now] * messages)


class ChatBudget:
    """One chat: its windows, and until when Telegram wants silence. The lock keeps its messages in order.

    waiting: requests that hold the lock or wait for it.
    """

    def __init__(self, group: bool) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0
        self.silent_until = 0.0
        self.last = float("-inf")
        self.burst = SlidingWindow(3, 3.0)
        self.minute = SlidingWindow(20, 60.0) if group else SlidingWindow(60, 60.0)

    def free_at(self, now: float) -> float:
        return max(self.silent_until, self.burst.free_at(now), self.minute.free_at(now))

    def spare(self, now: float) -> bool:
        """Whether a courtesy may go: nothing waits, nothing went just now, and half of the minute is left."""
        calm = not self.waiting and self.free_at(now) <= now and self.last + COURTESY_GAP <= now
        return calm and self.minute.count(now) < self.minute.most // 2

    def note(self, now: float, messages: int) -> None:
        self.last = now
        self.burst.note(now, messages)
        self.minute.note(now, messages)

    def idle(self, now: float) -> bool:
        return not self.waiting and self.silent_until <= now and self.minute.count(now) == 0
