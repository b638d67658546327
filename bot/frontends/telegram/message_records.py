"""Which message a job lives in, kept in SQLite: a job goes on in its message after a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.storage.database import Database
from bot.storage.retrying import until_written


@dataclass(slots=True)
class MessageRecord:
    """``status`` is the message that tells where the job stands, and in the end carries the buttons.

    media: whether that message shows a picture. album: the messages of a media group. files: Telegram's ids of the
    pictures that were sent as files. sending: the newest message that was known in the chat when a send began whose
    outcome is not known; None if there is none.
    """

    job: str
    status: int | None = None
    media: bool = False
    album: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    sending: int | None = None


MESSAGES = """
    WITH cards AS (
        SELECT status, album FROM telegram_cards JOIN jobs ON jobs.id = telegram_cards.job
        WHERE jobs.platform = 'telegram' AND jobs.place = :place
    )
    SELECT status AS id FROM cards WHERE status IS NOT NULL
    UNION SELECT json_each.value FROM cards, json_each(cards.album)
"""


class MessageRecords:
    """The table ``telegram_cards``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, job_id: str) -> MessageRecord:
        """The job's record; an empty one where nothing was posted yet."""
        rows = await self._database.rows("SELECT * FROM telegram_cards WHERE job = :job", {"job": job_id})
        if not rows:
            return MessageRecord(job_id)
        [row] = rows
        album, files = json.loads(row["album"]), json.loads(row["files"])
        return MessageRecord(job_id, row["status"], bool(row["media"]), tuple(album), tuple(files), row["sending"])

    async def messages(self, place: str) -> set[int]:
        """Every message in this chat that a record knows."""
        return {row["id"] for row in await self._database.rows(MESSAGES, {"place": place})}

    async def save(self, record: MessageRecord) -> None:
        """Returns once it is written, however long that cannot be."""
        album, files = json.dumps(record.album), json.dumps(record.files)
        values = (record.job, record.status, record.media, album, files, record.sending)
        await until_written(lambda: self._write(values), f"the message of job {record.job}")

    async def _write(self, values: tuple[object, ...]) -> None:
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT OR REPLACE INTO telegram_cards (job, status, media, album, files, sending)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
