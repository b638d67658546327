"""The message of a job: posted, rewritten, turned into a picture. What is deleted meanwhile is posted afresh."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardMarkup, InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bot.frontends.telegram.chats import Chats, says
from bot.frontends.telegram.message_records import MessageRecord, MessageRecords
from bot.frontends.telegram.outbox import UNCHANGED, Outbox
from bot.frontends.telegram.rate_limiter import Priority, Urgency
from bot.jobs.job import Job

HTML = ParseMode.HTML
GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
NO_TEXT = "there is no text in the message"


@dataclass(frozen=True, slots=True)
class MessageContent:
    """What the message shows. ``text`` is HTML. Without ``png``, a picture that is there already stays above it."""

    text: str
    markup: InlineKeyboardMarkup | None = None
    png: bytes | None = None
    urgency: Priority | None = None


class JobMessage:
    """Keeps the record up to date with what was posted. Raises TelegramError."""

    def __init__(self, bot: ExtBot[Any], chats: Chats, records: MessageRecords, outbox: Outbox) -> None:
        self._bot = bot
        self._chats = chats
        self._records = records
        self._outbox = outbox

    async def put(self, job: Job, record: MessageRecord, page: MessageContent) -> None:
        """The job's message shows ``page`` from now on, whatever it showed before."""
        try:
            if record.status is not None and not await self._edit(job, record, record.status, page):
                record.status = None
            if record.status is None:
                await self.post(job, record, page)
            else:
                if page.png is not None:
                    record.media = True
                    await self._records.save(record)
                await self._outbox.tidy(job, record)
        except BadRequest as error:
            if record.media or not says(error, NO_TEXT):
                raise
            record.media = True  # the bot had stopped between the edit and its record
            await self.put(job, record, page)

    async def replace(self, job: Job, record: MessageRecord, page: MessageContent) -> None:
        """A fresh message shows ``page``, and the earlier one goes."""
        earlier = record.status
        await self.post(job, record, page)
        if earlier is not None:
            with suppress(TelegramError):
                await self._bot.delete_messages(self._chats.of(job.origin.place), [earlier], rate_limit_args="instant")

    async def post(self, job: Job, record: MessageRecord, page: MessageContent) -> None:
        """A fresh message shows ``page``; an earlier one is no longer the job's."""

        def request(urgency: Urgency) -> Awaitable[Message]:
            if page.png is None:
                return self._chats.write(job.origin, page.text, page.markup, urgency)
            return self._chats.photo(job.origin, page.png, page.text, page.markup, urgency)

        def keep(message: Message) -> int:
            record.status, record.media = message.message_id, page.png is not None
            return message.message_id

        await self._outbox.send(job, record, request, keep, page.urgency)

    async def _edit(self, job: Job, record: MessageRecord, message_id: int, page: MessageContent) -> bool:
        """False where the message is no longer there."""
        try:
            await self._chats.ask(job.origin.place, self._editing(job, record, message_id, page))
        except BadRequest as error:
            if says(error, UNCHANGED):
                return True
            if says(error, *GONE):
                return False
            raise
        return True

    def _editing(
        self, job: Job, record: MessageRecord, message_id: int, page: MessageContent
    ) -> Callable[[int], Awaitable[Message | bool]]:
        """The request for a chat, by what the message is now and will be."""
        bot, markup, urgency = self._bot, page.markup, page.urgency
        if page.png is not None:
            media = InputMediaPhoto(page.png, page.text, HTML, filename=f"{job.id}.png")
            return lambda chat: bot.edit_message_media(
                media, chat, message_id, reply_markup=markup, rate_limit_args=urgency
            )
        if record.media:
            return lambda chat: bot.edit_message_caption(
                chat, message_id, caption=page.text, parse_mode=HTML, reply_markup=markup, rate_limit_args=urgency
            )
        return lambda chat: bot.edit_message_text(
            page.text, chat, message_id, parse_mode=HTML, reply_markup=markup, rate_limit_args=urgency
        )
