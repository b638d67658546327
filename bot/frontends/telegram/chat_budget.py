"""Rate limits of one chat, the messages already sent within them, and who waits for a turn."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

OPTIONAL_GAP = 1.0
"""Seconds of quiet in a chat before a message that may be dropped."""


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


@dataclass(eq=False, slots=True)
class Waiter:
    """A request that waits for its turn in a chat.

    rank: the lower goes first. messages: how many new messages it makes; 0 is an edit, which the minute does not count.
    """

    rank: int
    messages: int


class ChatBudget:
    """One chat: its windows, its waiters, and until when Telegram wants silence.

    Answers to questions may use half of the minute, so that nobody can spend a group's pictures on ``/quota``.
    """

    def __init__(self, group: bool) -> None:
        self.silent_until = 0.0
        self.sending = False
        self.waiting: list[Waiter] = []
        self.changed = asyncio.Event()
        """Set whenever somebody's turn may have come."""
        self._last = float("-inf")
        self._burst = SlidingWindow(3, 3.0)
        self._minute = SlidingWindow(20 if group else 60, 60.0)
        self._answers = SlidingWindow(self._minute.most // 2, 60.0)

    def free_at(self, now: float, waiter: Waiter) -> float:
        """When a request like this fits."""
        times = [self.silent_until, self._burst.free_at(now)]
        if waiter.messages:
            times.append(self._minute.free_at(now))
        if waiter.messages and waiter.rank:
            times.append(self._answers.free_at(now))
        return max(times)

    def is_next(self, now: float, waiter: Waiter) -> bool:
        """Whether this one goes now: of those that fit, the lowest rank, and among equals who came first."""
        if self.sending:
            return False
        fitting = [one for one in self.waiting if self.free_at(now, one) <= now]
        return bool(fitting) and min(fitting, key=lambda one: one.rank) is waiter

    def spare(self, now: float, waiter: Waiter) -> bool:
        """Whether a message may go that could be dropped: nobody waits, nothing went just now, half of the minute is
        left."""
        calm = not self.waiting and self.free_at(now, waiter) <= now and self._last + OPTIONAL_GAP <= now
        return calm and (not waiter.messages or self._minute.count(now) < self._minute.most // 2)

    def note(self, now: float, waiter: Waiter) -> None:
        """It goes out now."""
        self._last = now
        self._burst.note(now, max(1, waiter.messages))
        self._minute.note(now, waiter.messages)
        if waiter.rank:
            self._answers.note(now, waiter.messages)

    def idle(self, now: float) -> bool:
        return not self.waiting and self.silent_until <= now and self._minute.count(now) == 0
