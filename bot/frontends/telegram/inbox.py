"""Updates that Telegram handed over and that are not dealt with yet, kept in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from telegram import Update
from telegram.ext import ExtBot

from bot.storage.database import Database


class Inbox:
    """An update is written here before it is confirmed to Telegram, so that a crash loses none and none has to wait."""

    def __init__(self, database: Database, bot: ExtBot[Any]) -> None:
        self._database = database
        self._bot = bot

    async def keep(self, updates: Sequence[Update]) -> None:
        """Write all of them, or none. Raises ``sqlite3.Error`` if they cannot be written."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "INSERT OR IGNORE INTO telegram_updates (id, body) VALUES (?, ?)",
                [(update.update_id, update.to_json()) for update in updates],
            )

    async def remove(self, update_id: int) -> None:
        """This one was dealt with."""
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM telegram_updates WHERE id = ?", (update_id,))

    async def waiting(self) -> list[Update]:
        """What an earlier run left, in Telegram's order."""
        rows = await self._database.rows("SELECT body FROM telegram_updates ORDER BY id")
        return [Update.de_json(json.loads(row["body"]), self._bot) for row in rows]
