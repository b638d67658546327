"""Users, chats, and messages, and how the Bot API writes them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

ADMIN_RIGHTS = (
    *("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
    *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories"),
)
BOT = 4242
"""The bot's own id."""
ANONYMOUS_ADMIN = 1087968824
"""Telegram's GroupAnonymousBot, in whose name administrators post anonymously."""
DELETABLE = 48 * 3600
"""Seconds for which a message can be deleted."""


class ApiError(Exception):
    """An answer that is not ``ok``."""

    def __init__(self, description: str, status: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.description = description
        self.status = status
        self.parameters = parameters


@dataclass
class User:
    id: int
    first_name: str
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    def json(self) -> Json:
        user: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            user["username"] = self.username
        if self.language_code:
            user["language_code"] = self.language_code
        return user


@dataclass
class StoredFile:
    """``id`` is what the bot may send again; ``kind`` is photo or document."""

    id: str
    kind: str
    name: str
    content: bytes
    width: int = 0
    height: int = 0

    def json(self) -> Any:
        base: Json = {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": len(self.content)}
        if self.kind == "photo":
            return [{**base, "width": self.width, "height": self.height}]
        return {**base, "file_name": self.name, "mime_type": "image/png"}


@dataclass
class Message:
    """``text`` is a text message's text or a medium's caption, after its entities were parsed."""

    id: int
    chat: Chat
    sender: User
    text: str = ""
    file: StoredFile | None = None
    markup: Json | None = None
    reply_to: int | None = None
    thread: int | None = None
    group: str | None = None
    sender_chat: Chat | None = None
    date: float = field(default_factory=time.time)
    deleted: bool = False
    edits: int = 0
    forces_reply: bool = False

    @property
    def buttons(self) -> list[Json]:
        rows = self.markup["inline_keyboard"] if self.markup else []
        return [button for row in rows for button in row]

    def button(self, label: str) -> Json:
        """The button whose label contains ``label``, in any case."""
        for button in self.buttons:
            if label.lower() in button["text"].lower():
                return button
        raise AssertionError(f"no button {label!r} in {[button['text'] for button in self.buttons]}")

    def json(self, *, nested: bool = False) -> Json:
        """nested: inside a message that replies to it."""
        message: Json = {"message_id": self.id, "date": int(self.date), "chat": self.chat.json()}
        message["from"] = self.sender.json()
        if self.sender_chat is not None:
            message["sender_chat"] = self.sender_chat.json()
        if self.file is not None:
            message[self.file.kind] = self.file.json()
        if self.text:
            message["caption" if self.file else "text"] = self.text
        if self.text.startswith("/") and self.file is None:
            length = len(self.text.split()[0])
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        if not nested and self.reply_to in self.chat.messages:
            message["reply_to_message"] = self.chat.messages[self.reply_to].json(nested=True)
        if self.thread is not None:
            message |= {"message_thread_id": self.thread, "is_topic_message": True}
        optional = {"media_group_id": self.group, "reply_markup": self.markup}
        return message | {key: value for key, value in optional.items() if value is not None}


@dataclass
class Chat:
    id: int
    type: str
    title: str = ""
    statuses: dict[int, str] = field(default_factory=dict)
    threads: set[int] = field(default_factory=set)
    messages: dict[int, Message] = field(default_factory=dict)
    migrated_to: int | None = None
    closed: bool = False
    """The bot was blocked or kicked."""

    def json(self) -> Json:
        chat: Json = {"id": self.id, "type": self.type}
        chat |= {"first_name": self.title} if self.type == "private" else {"title": self.title}
        return chat | ({"is_forum": True} if self.threads else {})

    def member(self, user: User) -> Json:
        status = self.statuses.get(user.id, "left")
        member: Json = {"status": status, "user": user.json()}
        if status == "administrator":
            member |= dict.fromkeys(ADMIN_RIGHTS, True) | {"is_anonymous": False}
        elif status == "creator":
            member["is_anonymous"] = False
        elif status == "kicked":
            member["until_date"] = 0
        return member

    @property
    def visible(self) -> list[Message]:
        return [message for message in self.messages.values() if not message.deleted]

    def find(self, message_id: int, purpose: str) -> Message:
        message = self.messages.get(message_id)
        if message is None or message.deleted:
            raise ApiError(f"Bad Request: message to {purpose} not found")
        return message
