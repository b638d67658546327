"""Buttons: again, as file, delete, cancel. They find their job in the journal, so that they outlive a restart."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from telegram import CallbackQuery, Message
from telegram.error import BadRequest, TelegramError

from bot.errors import Refused
from bot.frontends.telegram.address import moderates, pressed
from bot.frontends.telegram.buttons import Action, read
from bot.frontends.telegram.commands import accept, explained
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.text import TOAST, fit
from bot.jobs.job import Job
from bot.members.origin import Origin
from bot.replies.replies import Replies

log = logging.getLogger(__name__)


class ButtonHandler:
    """Every press is answered at once; what takes longer goes on in a task."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services
        self._sending: set[str] = set()

    async def answer(self, query: CallbackQuery) -> None:
        """Raises ``Refused("stopping")`` where the press has to wait for the next start."""
        replies = self._services.words(query.from_user.language_code)
        await self._toast(query, await explained(self._carry_out(query, replies), replies))

    async def _toast(self, query: CallbackQuery, toast: str) -> None:
        try:
            text = fit(toast, TOAST) or None
            await self._services.bot.answer_callback_query(
                query.id, text, show_alert=bool(toast), rate_limit_args="instant"
            )
        except TelegramError as error:
            log.info("a press was not answered: %s", error)

    async def _carry_out(self, query: CallbackQuery, replies: Replies) -> str:
        """What to answer; nothing where the chat shows what happens."""
        asked, message = read(query.data), query.message
        if asked is None or not isinstance(message, Message):
            return replies.say("button-too-old")
        action, job_id = asked
        job = await self._services.app.studio.job(job_id)
        if job is None or self._services.chats.of(job.origin.place) != message.chat_id:
            raise Refused("unknown-job", name=job_id)
        who = pressed(query.from_user, message, query.id)
        match action:
            case Action.AGAIN:
                await accept(self._services, who, lambda key: self._services.app.studio.again(who, job.id, key))
                return ""
            case Action.FILE:
                return await self._file(who, job, replies)
        if who.user != job.origin.user and not await moderates(self._services.bot, message.chat, query.from_user):
            return replies.say("not-yours")
        if action is Action.CANCEL:
            self._services.tasks.start(self._cancel(job), f"cancel of job {job.id}")
            return ""
        return await self._delete(job, message, replies)

    async def _cancel(self, job: Job) -> None:
        """On behalf of its author; the job's message then says so."""
        await self._services.app.studio.cancel(job.origin, job.id)

    async def _delete(self, job: Job, message: Message, replies: Replies) -> str:
        record, bot = await self._services.records.get(job.id), self._services.bot
        numbers = sorted({message.message_id, record.status or message.message_id, *record.album})
        try:
            await bot.delete_messages(message.chat_id, numbers, rate_limit_args="instant")
        except BadRequest:
            return replies.say("too-old-to-delete")
        await self._services.pictures_kept.forget(job.id)
        return ""

    async def _file(self, who: Origin, job: Job, replies: Replies) -> str:
        record = await self._services.records.get(job.id)
        kept: Sequence[str | bytes] = record.files or await self._services.pictures_kept.read(job.id)
        if not kept:
            return replies.say("file-gone", seed=job.seed)
        if job.id not in self._sending:
            self._sending.add(job.id)
            self._services.tasks.start(self._send(who, job, kept), f"files of job {job.id}")
        return ""

    async def _send(self, who: Origin, job: Job, files: Sequence[str | bytes]) -> None:
        """As documents, which Telegram leaves as they are; it then knows them by their ids."""
        sent = []
        try:
            for number, file in enumerate(files):
                name = f"{job.request.style}-{job.id}-{job.seed + number}.png"
                message = await self._services.chats.document(who, file, name)
                assert message.document is not None
                sent.append(message.document.file_id)
        except TelegramError as error:
            log.warning("files of job %s cannot be sent: %s", job.id, error)
            return
        finally:
            self._sending.discard(job.id)
        record = await self._services.records.get(job.id)
        record.files = tuple(sent)
        await self._services.records.save(record)
