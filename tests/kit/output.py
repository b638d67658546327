"""What a process, a server or a log said so far, to wait for words in it."""

from __future__ import annotations

import asyncio
import threading
from typing import IO

LIMIT = 100.0
"""Seconds after which words are taken for ones that never come."""
TAIL = 2000
"""Characters that are shown of what was said instead."""


class Output:
    """Text that grows, from any thread."""

    def __init__(self) -> None:
        self.text = ""
        self._changed = threading.Condition()

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def say(self, line: str) -> None:
        """Add a line."""
        self.write(line + "\n")

    def write(self, text: str) -> None:
        """Add a piece of text that need not be a line."""
        with self._changed:
            self.text += text
            self._changed.notify_all()

    def wait_for(self, words: str, times: int = 1) -> str:
        """The first line with ``words``, once they were said so many times; raises AssertionError if they never are."""
        with self._changed:
            came = self._changed.wait_for(lambda: self.text.count(words) >= times, LIMIT)
            assert came, f"{words!r} was not said {times} times:\n...{self.text[-TAIL:]}"
            return next((line for line in self.lines if words in line), "")

    async def until(self, words: str, times: int = 1) -> str:
        """``wait_for``, while the event loop goes on."""
        return await asyncio.to_thread(self.wait_for, words, times)


def read_until(stream: IO[str], beginning: str) -> list[str]:
    """The lines of a process up to the first that begins so; raises AssertionError if the process ends before."""
    lines: list[str] = []
    for line in stream:
        lines.append(line.rstrip("\n"))
        if lines[-1].startswith(beginning):
            return lines
    raise AssertionError(f"no line begins with {beginning!r}: {lines}")
