"""Requests to a chat, wherever it is by now: a group that becomes a supergroup gets another id."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from telegram import InlineKeyboardMarkup, InputMediaPhoto, Message, ReplyParameters
from telegram.error import BadRequest, ChatMigrated
from telegram.ext import ExtBot

from bot.frontends.telegram.address import Address
from bot.frontends.telegram.rate_limiter import Priority
from bot.jobs.studio import Studio
from bot.members.origin import Origin

Markup = InlineKeyboardMarkup | None
T = TypeVar("T")

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

    def of(self, place: str) -> int:
        """The chat of a place: for jobs that were read before it moved."""
        return self._moved.get(int(place), int(place))

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

    async def write(self, origin: Origin, text: str, markup: Markup = None, urgency: Priority | None = None) -> Message:
        """A message that replies to the one it answers."""
        content = {"text": text, "reply_markup": markup}
        return await self._post(origin, self._bot.send_message, rate_limit_args=urgency, **content)

    async def photo(
        self, origin: Origin, png: bytes, caption: str, markup: Markup, urgency: Priority | None = None
    ) -> Message:
        content = {"photo": png, "caption": caption, "reply_markup": markup}
        return await self._post(origin, self._bot.send_photo, rate_limit_args=urgency, **content)

    async def document(self, origin: Origin, document: bytes | str, name: str) -> Message:
        """``document`` is a file's content, or Telegram's id of one that was sent before."""
        return await self._post(
            origin, self._bot.send_document, rate_limit_args="answer", document=document, filename=name
        )

    async def album(self, origin: Origin, media: Sequence[InputMediaPhoto]) -> tuple[Message, ...]:
        return await self._post(origin, self._bot.send_media_group, media=media)

    async def _post(self, origin: Origin, send: Callable[..., Awaitable[T]], **content: Any) -> T:
        """Post it as a reply in the right topic; Telegram drops from the request what no longer exists."""
        address = Address.of(origin)
        if address.reply_to is not None:
            content["reply_parameters"] = ReplyParameters(address.reply_to, allow_sending_without_reply=True)
        content["message_thread_id"] = address.thread
        try:
            return await self.ask(origin.place, lambda chat: send(chat_id=chat, **content))
        except BadRequest as error:
            if not says(error, "thread not found"):
                raise
            content["message_thread_id"] = None
            return await self.ask(origin.place, lambda chat: send(chat_id=chat, **content))
