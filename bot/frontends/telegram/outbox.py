"""Sends the messages of jobs. One that Telegram posted without our hearing so is found again and removed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from telegram.error import BadRequest, NetworkError, TelegramError
from telegram.ext import ExtBot

from bot.frontends.telegram.chats import Chats, says
from bot.frontends.telegram.message_records import MessageRecord, MessageRecords
from bot.frontends.telegram.rate_limiter import Priority, Send, TooSoon, Urgency
from bot.jobs.job import Job

UNCHANGED = "message is not modified"
LOOKED_AT = 10
"""Messages at each end of a gap in which one may have been left behind."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class Outbox:
    """Writes down that a send begins before it is made, and what was sent after it.

    A job's messages go to a chat one after the other, so that what no record knows belongs to nobody.
    """

    def __init__(self, bot: ExtBot[Any], chats: Chats, records: MessageRecords) -> None:
        self._bot = bot
        self._chats = chats
        self._records = records

    async def send(
        self,
        job: Job,
        record: MessageRecord,
        request: Callable[[Urgency], Awaitable[T]],
        keep: Callable[[T], int],
        priority: Priority | None = None,
    ) -> None:
        """Sends ``request``; ``keep`` puts what was sent into the record, and returns the first message's id.

        Raises TelegramError.
        """
        turn = self._chats.turn(job.origin.place)
        if priority == "optional" and turn.locked():
            raise TooSoon
        async with turn:
            doubtful = record.sending is not None
            if not doubtful:
                record.sending = self._chats.newest(job.origin)
                await self._records.save(record)
            urgency: Urgency = priority or Send()
            try:
                first = keep(await request(urgency))
            except TelegramError as error:
                refused = isinstance(error, BadRequest) or not isinstance(error, NetworkError)
                if refused and not doubtful:
                    record.sending = None
                raise
            if not doubtful and not (isinstance(urgency, Send) and urgency.repeated):
                record.sending = None
            await self._records.save(record)
            await self._tidy(job, record, first)

    async def tidy(self, job: Job, record: MessageRecord) -> None:
        """Goes on where an earlier run was stopped before it had removed what may have been left behind."""
        if record.sending is not None and record.status is not None:
            async with self._chats.turn(job.origin.place):
                await self._tidy(job, record, record.status)

    async def _tidy(self, job: Job, record: MessageRecord, first: int) -> None:
        """Removes what was sent after the doubtful send began and before ``first``, and is in no record."""
        if record.sending is None or record.sending >= first:
            return
        place = job.origin.place
        known = await self._records.messages(place)
        gap = [number for number in range(record.sending + 1, first) if number not in known]
        gap = gap if len(gap) <= 2 * LOOKED_AT else [*gap[:LOOKED_AT], *gap[-LOOKED_AT:]]
        chat = self._chats.of(place)
        try:
            for number in gap:
                if await self._is_orphan(chat, number, job):
                    log.info("job %s: message %d was posted without an answer, and is removed", record.job, number)
                    await self._bot.delete_messages(chat, [number])
        except TelegramError as error:
            log.warning("job %s: a message may be left behind: %s", record.job, error)
            return
        record.sending = None
        await self._records.save(record)

    async def _is_orphan(self, chat: int, number: int, job: Job) -> bool:
        """Whether a message that no record knows has buttons of ours, or is a picture of ours without a caption.

        A bot can edit only its own messages; what has no buttons and no caption already is refused as unchanged.
        """
        try:
            await self._bot.edit_message_reply_markup(chat, number)
        except BadRequest as error:
            other = job.request.count == 1 or self._chats.may_be_file(job.origin.place, number)
            if other or not says(error, UNCHANGED):
                return False
        else:
            return True
        try:
            await self._bot.edit_message_caption(chat, number)
        except BadRequest as error:
            return says(error, UNCHANGED)
        return False
