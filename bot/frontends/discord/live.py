"""A job's progress in its message: few edits, at a distance, the newest state wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.jobs.job import Progress, State

DISTANCE = 1.5
"""Seconds between two edits of one message."""
POSITIONS = frozenset({0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144})
"""Places in the queue that are worth an edit."""
PARTS = 4
"""How often a picture being drawn is worth one."""


def telling(before: Progress | None, now: Progress) -> bool:
    """Whether ``now`` says enough that ``before`` did not."""
    if before is None or before.state is not now.state or now.preview is not None:
        return True
    if now.engine_away is not before.engine_away:
        return True
    if now.state is State.QUEUED:
        return now.position != before.position and now.position in POSITIONS
    return part(now) != part(before)


def part(progress: Progress) -> int:
    return progress.step * PARTS // max(1, progress.steps)


class Live:
    """Edits one message through ``edit``, which says whether further ones make sense."""

    def __init__(self, edit: Callable[[Progress], Awaitable[bool]], distance: float = DISTANCE) -> None:
        self._edit = edit
        self._distance = distance
        self._told: Progress | None = None
        self._next: Progress | None = None
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def show(self, progress: Progress) -> None:
        """Soon, unless something newer comes first; drops what tells nothing new."""
        if self._ended.is_set() or not telling(self._told, progress):
            return
        if progress.preview is None and self._next is not None:
            progress = replace(progress, preview=self._next.preview)
        self._told = self._next = progress
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="discord progress")

    async def end(self) -> None:
        """No edit reaches the message after this."""
        self._ended.set()
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._next is not None and not self._ended.is_set():
            progress, self._next = self._next, None
            if not await self._edit(progress):
                self._ended.set()
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._distance):
                await self._ended.wait()
        except TimeoutError:
            return
