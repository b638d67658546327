"""Finished jobs are removed once they are old: whoever asks for one then is told that it is unknown."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time

from bot.storage.database import Database

PAUSE_SECONDS = 6 * 3600.0
"""Seconds between two looks for jobs that have become old."""
BATCH = 500
"""Jobs of one transaction, so that nobody who writes waits long."""
DAY = 86_400
REMOVE = """
    DELETE FROM jobs WHERE rowid IN (
        SELECT rowid FROM jobs
        WHERE state IN ('delivered', 'failed', 'cancelled') AND changed_at < :before ORDER BY changed_at LIMIT :most
    )
"""

log = logging.getLogger(__name__)


async def remove_old_jobs(database: Database, before: float) -> int:
    """How many jobs that were finished before this moment (seconds since the epoch) are gone, with their messages."""
    removed = 0
    while True:
        async with database.transaction() as connection:
            cursor = await connection.execute(REMOVE, {"before": before, "most": BATCH})
        removed += cursor.rowcount
        if cursor.rowcount < BATCH:
            return removed
        await asyncio.sleep(0)


async def keep_removing(database: Database, days: int) -> None:
    """Runs until it is cancelled."""
    while True:
        try:
            if removed := await remove_old_jobs(database, time.time() - days * DAY):
                log.info("%d jobs that were finished more than %d days ago are removed", removed, days)
        except sqlite3.Error as error:
            log.warning("old jobs cannot be removed: %s", error)
        await asyncio.sleep(PAUSE_SECONDS)
