"""The life of a job in one message: where it stands, the partial picture, the finished one with its buttons.

Telegram makes one exception: several pictures are a media group, which carries no buttons, so the caption and the
buttons follow in a message of their own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from telegram import InputMediaPhoto, Message
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError
from telegram.ext import ExtBot

from bot.frontends.telegram import buttons
from bot.frontends.telegram.address import Address
from bot.frontends.telegram.chats import Chats, says
from bot.frontends.telegram.job_message import JobMessage, MessageContent
from bot.frontends.telegram.message_records import MessageRecord, MessageRecords
from bot.frontends.telegram.outbox import Outbox
from bot.frontends.telegram.rate_limiter import Priority, TooSoon
from bot.frontends.telegram.text import CAPTION, marked, plain, units
from bot.jobs.courier import Undeliverable
from bot.jobs.job import TERMINAL_STATES, Job, Picture, Progress, State
from bot.jobs.progress import LatestProgress, Shown
from bot.replies.replies import Catalogues, Replies

ACTION_SECONDS = 4.5
"""Telegram shows a chat action for five seconds."""
NOTICE_SECONDS = 30.0
"""A picture that took longer comes in a new message: an edit of the first one notifies nobody."""
NOT_ALLOWED = ("not enough rights", "_forbidden", "topic_closed", "have no rights")

log = logging.getLogger(__name__)


class _Live:
    """A job on its way. The lock keeps its message's changes in order. acted: when the chat action was last renewed."""

    def __init__(self, record: MessageRecord, edit: Callable[[_Live, Job, Progress], Awaitable[Shown]]) -> None:
        self.record = record
        self.lock = asyncio.Lock()
        self.progress = LatestProgress(lambda job, progress: edit(self, job, progress))
        self.acted = float("-inf")


class TelegramCourier:
    """Delivers what happens to jobs."""

    def __init__(self, bot: ExtBot[Any], chats: Chats, records: MessageRecords, replies: Catalogues) -> None:
        self._bot = bot
        self._chats = chats
        self._records = records
        self._replies = replies
        self._outbox = Outbox(bot, chats, records)
        self._message = JobMessage(bot, chats, records, self._outbox)
        self._live: dict[str, _Live] = {}

    async def open(self, job: Job) -> None:
        """Posts the message of a job that was accepted, unless it has one; not in a busy group, whose minute is for
        pictures. Such a job gets its message with the first progress that finds room, or with its picture.
        """
        if job.state in TERMINAL_STATES:
            return
        live = await self._find(job)
        async with live.lock:
            if live.record.status is not None:
                return
            replies = self._words(job)
            try:
                urgency: Priority | None = "optional" if int(job.origin.place) < 0 else None
                text = named(replies, job, plain(replies.accepted(job)))
                page = MessageContent(text, buttons.while_drawing(replies, job), urgency=urgency)
                await self._message.post(job, live.record, page)
            except TooSoon:
                log.debug("job %s: the group's messages are kept for pictures", job.id)
            except TelegramError as error:
                log.warning("job %s: chat %s cannot be written to: %s", job.id, job.origin.place, error)

    async def progress(self, job: Job, progress: Progress) -> None:
        live = await self._find(job)
        if progress.state is State.DRAWING:
            await self._act(job, live)
        live.progress.show(job, progress)
        await live.progress.settled()

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        live = await self._find(job)
        await live.progress.end()
        async with live.lock:
            try:
                if len(pictures) == 1:
                    await self._one(job, live.record, pictures)
                else:
                    await self._several(job, live.record, pictures)
            except TelegramError as error:
                log.warning("job %s cannot be posted in chat %s: %s", job.id, job.origin.place, error)
                raise Undeliverable(obstacle(error, job)) from error
        del self._live[job.id]
        return ",".join(str(number) for number in (live.record.status, *live.record.album))

    async def inform(self, job: Job) -> None:
        live = await self._find(job)
        await live.progress.end()
        replies = self._words(job)
        markup = buttons.when_failed(replies, job) if job.state is State.FAILED else None
        page = MessageContent(named(replies, job, plain(replies.ended(job))), markup)
        half_drawn = job.state is State.CANCELLED and live.record.media
        async with live.lock:
            try:
                await (self._message.replace if half_drawn else self._message.put)(job, live.record, page)
            except TelegramError as error:
                log.warning("job %s: the member could not be told: %s", job.id, error)
        del self._live[job.id]

    async def _show(self, live: _Live, job: Job, progress: Progress) -> Shown:
        """One progress edit, if the chat has room for it."""
        if live.lock.locked():
            return Shown.LATER
        replies = self._words(job)
        text, markup = named(replies, job, plain(replies.progress(job, progress))), buttons.while_drawing(replies, job)
        async with live.lock:
            try:
                await self._message.put(job, live.record, MessageContent(text, markup, progress.preview, "optional"))
            except TooSoon:
                return Shown.LATER
            except TelegramError as error:
                log.info("job %s: progress was not shown: %s", job.id, error)
        return Shown.YES

    async def _act(self, job: Job, live: _Live) -> None:
        """The chat shows that a picture is on its way."""
        if time.monotonic() - live.acted < ACTION_SECONDS:
            return
        live.acted = time.monotonic()
        chat, thread = self._chats.of(job.origin.place), Address.of(job.origin).thread
        with suppress(TelegramError):
            action = ChatAction.UPLOAD_PHOTO
            await self._bot.send_chat_action(chat, action, message_thread_id=thread, rate_limit_args="instant")

    async def _one(self, job: Job, record: MessageRecord, pictures: Sequence[Picture]) -> None:
        replies = self._words(job)
        page = MessageContent(caption(replies, job, pictures), buttons.when_finished(replies, job), pictures[0].png)
        if record.status is None or time.time() - job.created_at < NOTICE_SECONDS:
            await self._message.put(job, record, page)
        elif record.sending is not None:  # one like it may have been sent, which only another send finds
            await self._message.replace(job, record, page)
        else:
            await self._anew(job, record, page)

    async def _anew(self, job: Job, record: MessageRecord, page: MessageContent) -> None:
        """In a message of its own, which notifies the member, if the chat has room for one."""
        try:
            await self._message.replace(job, record, replace(page, urgency="optional"))
        except (TooSoon, BadRequest):
            await self._message.put(job, record, page)
        except NetworkError:
            await self._message.replace(job, record, page)

    async def _several(self, job: Job, record: MessageRecord, pictures: Sequence[Picture]) -> None:
        if not record.album:
            media = [InputMediaPhoto(one.png, filename=f"{job.id}-{one.seed}.png") for one in pictures]

            def keep(messages: Sequence[Message]) -> int:
                record.album = tuple(message.message_id for message in messages)
                return record.album[0]

            await self._outbox.send(job, record, lambda urgency: self._chats.album(job.origin, media, urgency), keep)
        replies = self._words(job)
        page = MessageContent(caption(replies, job, pictures), buttons.when_finished(replies, job))
        await self._message.replace(job, record, page)

    async def _find(self, job: Job) -> _Live:
        if job.id not in self._live:
            record = await self._records.get(job.id)
            self._live.setdefault(job.id, _Live(record, self._show))
        return self._live[job.id]

    def _words(self, job: Job) -> Replies:
        return self._replies.for_locale(job.origin.locale)


def named(replies: Replies, job: Job, text: str) -> str:
    """HTML; below the name of whoever pressed "Again", whom the first message calls."""
    if name := Address.of(job.origin).again:
        mention = f'<a href="tg://user?id={job.origin.user}">{plain(name)}</a>'
        return f"{replies.say('asked-again', member=mention)}\n{text}"
    return text


def caption(replies: Replies, job: Job, pictures: Sequence[Picture]) -> str:
    """HTML; the name takes its room from the caption's."""
    name = Address.of(job.origin).again
    room = CAPTION - (units(replies.say("asked-again", member=name)) + 1 if name else 0)
    return named(replies, job, marked(replies.caption(job, pictures, room)))


def obstacle(error: TelegramError, job: Job) -> str:
    """Why pictures can never be posted there, as a key of ``bot.replies.replies``."""
    if isinstance(error, Forbidden):
        return "undeliverable-gone" if int(job.origin.place) < 0 else "undeliverable-blocked"
    if isinstance(error, BadRequest) and says(error, *NOT_ALLOWED):
        return "undeliverable-permission"
    return "undeliverable"
