"""Buttons: again, as a file, delete, cancel. They find their job in the journal, so that they outlive a restart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from telegram import CallbackQuery, Message
from telegram.constants import ChatType
from telegram.error import BadRequest, TelegramError

from bot.commands.buttons import Button
from bot.errors import Refused
from bot.frontends.telegram.address import Address, moderates, pressed
from bot.frontends.telegram.buttons import read
from bot.frontends.telegram.commands import due
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.text import TOAST, fit, plain
from bot.handlers.answer import Answer, JobAccepted, PictureFiles, Removed, mistake
from bot.handlers.dispatch import answered
from bot.jobs.job import Job
from bot.members.asker import Asker
from bot.members.origin import Origin
from bot.replies.answers import words
from bot.replies.replies import Replies

log = logging.getLogger(__name__)


class ButtonHandler:
    """Every press is answered at once; what takes longer goes on in a task."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services
        self._sending: set[str] = set()

    async def answer(self, query: CallbackQuery) -> None:
        """Raises ``Refused("stopping")`` if the press has to wait for the next start."""
        replies = self._services.words(query.from_user.language_code)
        answer = due(await answered(self._carry_out(query)))
        try:
            toast = await self._show(query, answer, replies)
        except TelegramError as error:
            log.warning("a press could not be carried out: %s", error)
            toast = replies.say("telegram-refuses")
        except Exception as error:
            toast = words(mistake(error), replies)
        await self._toast(query, toast)

    async def _toast(self, query: CallbackQuery, toast: str) -> None:
        """Tried twice: until it is answered, the button shows that it waits."""
        text = fit(toast, TOAST) or None
        for _ in range(2):
            try:
                await self._services.bot.answer_callback_query(
                    query.id, text, show_alert=bool(toast), rate_limit_args="instant"
                )
            except BadRequest as error:
                log.info("a press was not answered: %s", error)
                return
            except TelegramError as error:
                log.info("a press was not answered: %s", error)
            else:
                return

    async def _carry_out(self, query: CallbackQuery) -> Answer:
        """A client can send anything: the button has to stand in that message, and the message to be that job's."""
        button, message = read(query.data), query.message
        if button is None or not isinstance(message, Message) or not stands_in(message, query.data):
            raise Refused("button-too-old")
        action, job_id = button
        await self._check_place(job_id, message)
        origin = await self._origin(query, message, action, job_id)
        dispatcher = self._services.app.dispatcher
        moderator = await dispatcher.press_asks_rights(action, job_id, Asker(origin)) and await moderates(
            self._services.bot, message.chat, query.from_user
        )
        return await dispatcher.press(action, job_id, Asker(origin, moderator, moderator, Address.of(origin).source))

    async def _origin(self, query: CallbackQuery, message: Message, action: Button, job_id: str) -> Origin:
        """Where the press comes from. A message of a group that has moved stays behind in the old one."""
        origin = pressed(query.from_user, message, query.id, again=action is Button.AGAIN)
        job, chats = await self._services.app.studio.job(job_id), self._services.chats
        if job is None or job.origin.place == origin.place or message.chat.type != ChatType.GROUP:
            return origin
        if await chats.locate(origin.place) != job.origin.place:
            return origin
        if action is Button.DELETE:
            raise Refused("too-old-to-delete")
        address = replace(Address.of(origin), reply_to=None)
        return replace(origin, place=job.origin.place, address=address.to_json())

    async def _check_place(self, job_id: str, message: Message) -> None:
        """Removes a message that is no longer, or never became, the job's, and raises Refused."""
        record, job = await self._services.records.get(job_id), await self._services.app.studio.job(job_id)
        if job is None or record.status is None or message.message_id == record.status:
            return
        if record.sending is not None and message.message_id > record.sending:
            return  # it may be the one that is being sent, and not written down yet
        if self._services.chats.of(job.origin.place) == message.chat_id:
            with suppress(TelegramError):
                await self._services.bot.delete_messages(
                    message.chat_id, [message.message_id], rate_limit_args="instant"
                )
            raise Refused("message-left-behind")

    async def _show(self, query: CallbackQuery, answer: Answer, replies: Replies) -> str:
        """What the toast says; nothing if the chat shows what happens."""
        match answer:
            case JobAccepted(job):
                self._services.open(job)
                return ""
            case PictureFiles(job, _) if job.id in self._sending:
                return replies.say("file-coming")
            case PictureFiles(job, pngs) if await self._send_files(query, job, pngs):
                return ""
            case Removed(job):
                return await self._delete(job, replies)
        return words(answer, replies)

    async def _delete(self, job: Job, replies: Replies) -> str:
        record, services = await self._services.records.get(job.id), self._services
        numbers = sorted({number for number in (record.status, *record.album) if number is not None})
        try:
            await services.bot.delete_messages(services.chats.of(job.origin.place), numbers, rate_limit_args="instant")
        except BadRequest:
            return replies.say("too-old-to-delete")
        return ""

    async def _send_files(self, query: CallbackQuery, job: Job, pngs: Sequence[bytes]) -> bool:
        """Whether there are files, which a task sends; Telegram's ids of what was sent before win over the content."""
        record = await self._services.records.get(job.id)
        files: Sequence[str | bytes] = record.files or pngs
        if files and isinstance(query.message, Message):
            self._sending.add(job.id)
            origin = pressed(query.from_user, query.message, query.id)
            self._services.tasks.start(self._send(origin, job, files), f"files of job {job.id}")
        return bool(files)

    async def _send(self, origin: Origin, job: Job, files: Sequence[str | bytes]) -> None:
        """Sends the originals as documents, which Telegram leaves as they are, and remembers Telegram's ids of them, so
        that the next press uploads nothing."""
        sent = []
        try:
            for number, file in enumerate(files):
                name = f"{job.request.style}-{job.id}-{job.seed + number}.png"
                message = await self._services.chats.document(origin, file, name)
                assert message.document is not None
                sent.append(message.document.file_id)
        except TelegramError as error:
            log.warning("files of job %s cannot be sent: %s", job.id, error)
            replies = self._services.words(origin.locale)
            with suppress(TelegramError):
                await self._services.chats.write(origin, plain(replies.say("telegram-refuses")))
            return
        finally:
            self._sending.discard(job.id)
        record = await self._services.records.get(job.id)
        record.files = tuple(sent)
        await self._services.records.save(record)


def stands_in(message: Message, data: str | None) -> bool:
    """Whether the message has a button with this data."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return any(button.callback_data == data for row in rows for button in row)
