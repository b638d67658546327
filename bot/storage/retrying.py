"""Writes that must come to pass: tried again until the disk has room or the lock is gone."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import TypeVar

PAUSES = (0.5, 1.0, 2.0, 5.0)
"""Seconds between two tries; the last one again and again."""

log = logging.getLogger(__name__)
T = TypeVar("T")


async def until_written(write: Callable[[], Awaitable[T]], what: str, failed: asyncio.Event | None = None) -> T:
    """What ``write`` returns once it does not raise ``sqlite3.Error``; ends otherwise only by being cancelled.

    what: is written, for the log. failed: is set while it could not be.
    """
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            written = await write()
        except sqlite3.Error as error:
            log.warning("%s cannot be written (%s); trying again in %g s", what, error, pause)
        else:
            if failed is not None:
                failed.clear()
            return written
        if failed is not None:
            failed.set()
        await asyncio.sleep(pause)
    raise AssertionError("the tries never end")
