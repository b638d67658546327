"""Requests to a chat, wherever it is by now: a group that becomes a supergroup gets another id."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from telegram import (
    ForceReply,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    MaybeInaccessibleMessage,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, TelegramError
from telegram.ext import ExtBot

from bot.frontends.telegram.address import Address
from bot.frontends.telegram.rate_limiter import Urgency
from bot.jobs.studio import Studio
from bot.members.origin import Origin

Markup = InlineKeyboardMarkup | ForceReply | None
T = TypeVar("T")
SUPERGROUPS = -(10**12)
"""Supergroups have ids below this and number their messages by themselves; all other chats share one numbering."""
FILES_KNOWN = 1000

log = logging.getLogger(__name__)


def says(error: BadRequest, *words: str) -> bool:
    """Whether the refusal is about one of these; Telegram gives no codes, only English text."""
    return any(word in error.message.lower() for word in words)


class Chats:
    """Finds a place's chat and follows it when it moves."""

    def __init__(self, bot: ExtBot[Any], studio: Studio) -> None:
        self._bot = bot
        self._studio = studio
        self._moved: dict[int, int] = {}
        self._newest: dict[int, int] = {}
        self._turns: dict[int, asyncio.Lock] = {}
        self._files_under_way: Counter[str] = Counter()
        self._files: deque[tuple[int, int]] = deque(maxlen=FILES_KNOWN)

    def of(self, place: str) -> int:
        """The chat of a place: for jobs that were read before it moved."""
        return self._moved.get(int(place), int(place))

    def turn(self, place: str) -> asyncio.Lock:
        """Held while something is sent that must not be mistaken for a message left behind, until it is recorded."""
        return self._turns.setdefault(self.of(place), asyncio.Lock())

    def see(self, message: MaybeInaccessibleMessage) -> None:
        """This message is in its chat."""
        numbering = numbers_of(message.chat.id)
        self._newest[numbering] = max(self._newest.get(numbering, 0), message.message_id)

    def newest(self, origin: Origin) -> int:
        """The newest message that is known in this chat; 0 if none is."""
        replied = Address.of(origin).reply_to or 0
        return max(self._newest.get(numbers_of(self.of(origin.place)), 0), replied)

    def may_be_file(self, place: str, message_id: int) -> bool:
        """Whether this is a file that was sent since we started, or one that is being sent just now."""
        return self._files_under_way[place] > 0 or (self.of(place), message_id) in self._files

    async def follow(self, old: int, new: int) -> None:
        """The group has a new id: its styles and its jobs go with it."""
        if self._moved.get(old) == new:
            return
        log.info("chat %s is now %s", old, new)
        self._moved[old] = new
        await self._studio.move_place("telegram", str(old), str(new))

    async def ask(self, place: str, request: Callable[[int], Awaitable[T]]) -> T:
        """The request's answer, in the chat of this place."""
        try:
            return await request(self.of(place))
        except ChatMigrated as moved:
            await self.follow(self.of(place), moved.new_chat_id)
            return await request(moved.new_chat_id)

    async def locate(self, place: str) -> str:
        """Where the group is by now, as Telegram says: it may have moved before we started."""
        with suppress(TelegramError):
            await self.ask(
                place, lambda chat: self._bot.send_chat_action(chat, ChatAction.TYPING, rate_limit_args="instant")
            )
        return str(self.of(place))

    async def write(self, origin: Origin, text: str, markup: Markup = None, urgency: Urgency | None = None) -> Message:
        """A message that replies to the one it answers."""
        content = {"text": text, "parse_mode": ParseMode.HTML, "reply_markup": markup}
        return await self._post(origin, self._bot.send_message, rate_limit_args=urgency, **content)

    async def photo(
        self, origin: Origin, png: bytes, caption: str, markup: Markup, urgency: Urgency | None = None
    ) -> Message:
        content = {"photo": png, "caption": caption, "parse_mode": ParseMode.HTML, "reply_markup": markup}
        return await self._post(origin, self._bot.send_photo, rate_limit_args=urgency, **content)

    async def document(self, origin: Origin, document: bytes | str, name: str) -> Message:
        """``document`` is a file's content, or Telegram's id of one that was sent before."""
        content = {"document": document, "filename": name}
        self._files_under_way[origin.place] += 1
        try:
            message: Message = await self._post(origin, self._bot.send_document, rate_limit_args="answer", **content)
            self._files.append((message.chat_id, message.message_id))
        finally:
            self._files_under_way -= Counter([origin.place])
        return message

    async def album(self, origin: Origin, media: Sequence[InputMediaPhoto], urgency: Urgency) -> tuple[Message, ...]:
        return await self._post(origin, self._bot.send_media_group, rate_limit_args=urgency, media=media)

    async def _post(self, origin: Origin, send: Callable[..., Awaitable[T]], **content: Any) -> T:
        """Post it as a reply in the right topic; Telegram drops from the request what no longer exists."""
        address = Address.of(origin)
        if address.reply_to is not None:
            content["reply_parameters"] = ReplyParameters(address.reply_to, allow_sending_without_reply=True)
        content["message_thread_id"] = address.thread
        try:
            posted = await self.ask(origin.place, lambda chat: send(chat_id=chat, **content))
        except BadRequest as error:
            if not says(error, "thread not found"):
                raise
            content["message_thread_id"] = None
            posted = await self.ask(origin.place, lambda chat: send(chat_id=chat, **content))
        for message in posted if isinstance(posted, tuple) else (posted,):
            if isinstance(message, Message):
                self.see(message)
        return posted


def numbers_of(chat: int) -> int:
    """A supergroup by its id; 0 stands for all other chats."""
    return chat if chat < SUPERGROUPS else 0
