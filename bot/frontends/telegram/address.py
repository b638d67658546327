"""Who asks, from where, and what they may do there."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any

from telegram import Chat, Message, User
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.errors import Refused
from bot.members.origin import JsonObject, Origin
from bot.storage.stored import revive

MODERATORS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """source: the update that the job came from; the same update that comes twice draws once.

    reply_to: the message that is answered; None answers nothing in particular. thread: the topic of a forum, or None.
    again: the name of the member whose press of "Again" it was; else empty.
    """

    source: str | None = None
    reply_to: int | None = None
    thread: int | None = None
    again: str = ""

    @classmethod
    def of(cls, origin: Origin) -> Address:
        return cls.from_json(origin.address)

    @classmethod
    def from_json(cls, stored: JsonObject) -> Address:
        """An address that this or another release wrote."""
        return revive(cls, stored)

    def to_json(self) -> JsonObject:
        return asdict(self)


def author(message: Message) -> str:
    """The member's id. Anonymous administrators, and members who write as a channel, are that chat."""
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    assert message.from_user is not None, "only channels post without an author"
    return str(message.from_user.id)


def origin(message: Message) -> Origin:
    """Where a command comes from. ``source`` says which one, so that an update that comes twice counts once."""
    address = Address(f"m:{message.chat_id}:{message.message_id}", message.message_id, thread(message))
    locale = (message.from_user and message.from_user.language_code) or ""
    return Origin("telegram", str(message.chat_id), author(message), locale, address.to_json())


def pressed(user: User, message: Message, query_id: str, *, again: bool = False) -> Origin:
    """Where a press of a button comes from; the answer replies to the message with the button.

    again: by a press of "Again"; nothing else shows whose it was, so the answer has the member's name.
    """
    name = user.full_name if again else ""
    address = Address(f"q:{query_id}", message.message_id, thread(message), name)
    return Origin("telegram", str(message.chat_id), str(user.id), user.language_code or "", address.to_json())


def thread(message: Message) -> int | None:
    """The topic of a forum; in other groups the field means a chain of replies, into which nothing can be sent."""
    return message.message_thread_id if message.is_topic_message else None


async def moderates(bot: ExtBot[Any], chat: Chat, user: User, sender_chat: Chat | None = None) -> bool:
    """Whether this member manages the chat, asked just now. In a private chat, everyone manages their own.

    Raises ``Refused("rights-unknown")`` if Telegram does not say.
    """
    if chat.type == Chat.PRIVATE:
        return True
    if sender_chat is not None:
        return sender_chat.id == chat.id
    try:
        return (await bot.get_chat_member(chat.id, user.id, rate_limit_args="instant")).status in MODERATORS
    except TelegramError as error:
        log.warning(
            "chat %s does not tell who manages it (%s); the bot may need to be an administrator", chat.id, error
        )
        raise Refused("rights-unknown") from error
