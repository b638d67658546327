"""The Bot API's methods, on the chats of ``TelegramServer``."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from tests.telegram_server import rules
from tests.telegram_server.rules import CAPTION, DOCUMENT_BYTES, TEXT, TOAST
from tests.telegram_server.world import BOT, DELETABLE, ApiError, Chat, Json, Message, StoredFile, User

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


class Methods:
    """State and methods. Every method takes the typed parameters of the request and returns the ``result``."""

    def __init__(self) -> None:
        self.bot = User(BOT, "Sanggar", "sanggar_bot", is_bot=True)
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.callbacks: dict[str, str | None] = {}
        """Callback queries, and the toast with which each was answered; None before."""
        self.ids = itertools.count(100)
        self.webhook = False

    def method(self, name: str) -> Callable[[Json], Any]:
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        method: Callable[[Json], Any] = getattr(self, snake)
        return method

    def get_me(self, _: Json) -> Json:
        return self.bot.json() | {"can_join_groups": True, "can_read_all_group_messages": False}

    def delete_webhook(self, _: Json) -> bool:
        self.webhook = False
        return True

    def send_message(self, given: Json) -> Json:
        return self._post(given, rules.text_of(given["text"], given.get("parse_mode"), TEXT)).json()

    def send_photo(self, given: Json) -> Json:
        return self._post(given, self._caption(given), self._file("photo", given["photo"])).json()

    def send_document(self, given: Json) -> Json:
        return self._post(given, self._caption(given), self._file("document", given["document"])).json()

    def send_media_group(self, given: Json) -> list[Json]:
        if not 2 <= len(given["media"]) <= 10:
            raise ApiError("Bad Request: wrong number of messages in the album")
        group = f"g{next(self.ids)}"
        posted = []
        for medium in given["media"]:
            message = self._post(given, self._caption(medium), self._medium(medium, given))
            message.group = group
            posted.append(message.json())
        return posted

    def send_chat_action(self, given: Json) -> bool:
        self.open_chat(given["chat_id"])
        if given["action"] not in {"typing", "upload_photo", "upload_document"}:
            raise ApiError("Bad Request: wrong parameter action in request")
        return True

    def edit_message_text(self, given: Json) -> Json:
        message = self._own(given)
        if message.file is not None:
            raise ApiError("Bad Request: there is no text in the message to edit")
        return self._edit(message, given, rules.text_of(given["text"], given.get("parse_mode"), TEXT), None)

    def edit_message_caption(self, given: Json) -> Json:
        message = self._own(given)
        if message.file is None:
            raise ApiError("Bad Request: there is no caption in the message to edit")
        return self._edit(message, given, self._caption(given), message.file)

    def edit_message_media(self, given: Json) -> Json:
        message = self._own(given)
        medium = given["media"]
        return self._edit(message, given, self._caption(medium), self._medium(medium, given))

    def edit_message_reply_markup(self, given: Json) -> Json:
        message = self._own(given)
        return self._edit(message, given, message.text, message.file)

    def delete_messages(self, given: Json) -> bool:
        chat = self.open_chat(given["chat_id"])
        if not 1 <= len(given["message_ids"]) <= 100:
            raise ApiError("Bad Request: there must be 1 to 100 identifiers of messages")
        messages = [chat.messages[number] for number in given["message_ids"] if number in chat.messages]
        if any(time.time() - message.date > DELETABLE for message in messages):
            raise ApiError("Bad Request: message can't be deleted for everyone")
        for message in messages:
            message.deleted = True
        return True

    def answer_callback_query(self, given: Json) -> bool:
        if self.callbacks.get(given["callback_query_id"], "answered") is not None:
            raise ApiError("Bad Request: query is too old and response timeout expired or query ID is invalid")
        toast = given.get("text", "")
        if rules.units(toast) > TOAST:
            raise ApiError("Bad Request: MESSAGE_TOO_LONG")
        self.callbacks[given["callback_query_id"]] = toast
        return True

    def get_chat_member(self, given: Json) -> Json:
        chat = self.open_chat(given["chat_id"])
        if given["user_id"] not in self.users:
            raise ApiError("Bad Request: user not found")
        return chat.member(self.users[given["user_id"]])

    def set_my_commands(self, given: Json) -> bool:
        self.commands[self._scope(given)] = rules.commands(given["commands"])
        return True

    def get_my_commands(self, given: Json) -> list[Json]:
        return self.commands.get(self._scope(given), [])

    def get_file(self, given: Json) -> Json:
        file = self._stored(given["file_id"])
        return {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_path": f"files/{file.id}"}

    def open_chat(self, chat_id: int) -> Chat:
        """The chat; raises for one that is unknown, has moved, or shut the bot out."""
        chat = self.chats.get(chat_id)
        if chat is None:
            raise ApiError("Bad Request: chat not found")
        if chat.migrated_to is not None:
            what = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(what, migrate_to_chat_id=chat.migrated_to)
        if chat.closed:
            private = "bot was blocked by the user"
            raise ApiError(f"Forbidden: {private if chat.type == 'private' else 'bot was kicked from the group'}", 403)
        return chat

    def add(self, chat: Chat, sender: User, text: str, **more: Any) -> Message:
        """Put a message into a chat."""
        message = Message(next(self.ids), chat, sender, text, **more)
        chat.messages[message.id] = message
        return message

    def _post(self, given: Json, text: str, file: StoredFile | None = None) -> Message:
        chat = self.open_chat(given["chat_id"])
        thread = given.get("message_thread_id")
        if thread is not None and thread not in chat.threads:
            raise ApiError("Bad Request: message thread not found")
        reply = given.get("reply_parameters") or {}
        replied = next((one for one in chat.visible if one.id == reply.get("message_id")), None)
        if reply and replied is None and not reply.get("allow_sending_without_reply"):
            raise ApiError("Bad Request: message to be replied not found")
        markup = rules.keyboard(given.get("reply_markup"))
        reply_to = replied.id if replied else None
        forced = bool((given.get("reply_markup") or {}).get("force_reply"))
        more = {"file": file, "markup": markup, "reply_to": reply_to, "thread": thread, "forces_reply": forced}
        return self.add(chat, self.bot, text, **more)

    def _edit(self, message: Message, given: Json, text: str, file: StoredFile | None) -> Json:
        markup = rules.keyboard(given.get("reply_markup"))
        if (text, file, markup) == (message.text, message.file, message.markup):
            raise ApiError(NOT_MODIFIED)
        message.text, message.file, message.markup = text, file, markup
        message.edits += 1
        return message.json()

    def _own(self, given: Json) -> Message:
        message = self.open_chat(given["chat_id"]).find(given["message_id"], "edit")
        if message.sender is not self.bot:
            raise ApiError("Bad Request: message can't be edited")
        return message

    def _caption(self, given: Json) -> str:
        return rules.text_of(given.get("caption", ""), given.get("parse_mode"), CAPTION, empty=True)

    def _medium(self, medium: Json, given: Json) -> StoredFile:
        source = medium["media"]
        return self._file(medium["type"], given[source[9:]] if source.startswith("attach://") else source)

    def _file(self, kind: str, source: Any) -> StoredFile:
        """A file that was uploaded (name, bytes), or one sent before by its id."""
        if isinstance(source, str):
            return self._stored(source)
        name, content = source
        if len(content) > DOCUMENT_BYTES:
            raise ApiError("Request Entity Too Large", 413)
        width, height = rules.photo_size(content) if kind == "photo" else (0, 0)
        file = StoredFile(f"f{next(self.ids)}", kind, name, content, width, height)
        self.files[file.id] = file
        return file

    def _stored(self, file_id: str) -> StoredFile:
        if file_id not in self.files:
            raise ApiError("Bad Request: wrong file identifier/HTTP URL specified")
        return self.files[file_id]

    @staticmethod
    def _scope(given: Json) -> tuple[str, str]:
        scope = given.get("scope") or {"type": "default"}
        if scope["type"] not in rules.SCOPES:
            raise ApiError(f"Bad Request: unknown scope {json.dumps(scope)}")
        return scope["type"], given.get("language_code", "")
