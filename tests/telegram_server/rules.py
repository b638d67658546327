"""What Telegram refuses: lengths (in UTF-16 units), keyboards, pictures, command tables."""

from __future__ import annotations

import html
import io
import json
import re
from typing import Any

from PIL import Image

from tests.telegram_server.world import ApiError, Json

TEXT, CAPTION, TOAST = 4096, 1024, 200
PHOTO_BYTES, DOCUMENT_BYTES = 10 * 1024**2, 50 * 1024**2
PHOTO_SIDES, PHOTO_RATIO = 10_000, 20
TAGS = {"b", "strong", "i", "em", "u", "s", "code", "pre", "blockquote", "a", "tg-spoiler"}
BUTTON_ACTIONS = {"callback_data", "copy_text", "url"}
SCOPES = {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}

Kind = str
METHODS: dict[str, dict[str, Kind]] = {
    "getMe": {},
    "deleteWebhook": {"drop_pending_updates": "bool"},
    "getUpdates": {"offset": "int", "limit": "int", "timeout": "int", "allowed_updates": "json"},
    "sendMessage": {"chat_id": "int!", "message_thread_id": "int", "text": "str!", "parse_mode": "str"}
    | {"link_preview_options": "json", "reply_parameters": "json", "reply_markup": "json"},
    "sendPhoto": {"chat_id": "int!", "message_thread_id": "int", "photo": "file!", "caption": "str"}
    | {"parse_mode": "str", "reply_parameters": "json", "reply_markup": "json"},
    "sendDocument": {"chat_id": "int!", "message_thread_id": "int", "document": "file!", "caption": "str"}
    | {"parse_mode": "str", "disable_content_type_detection": "bool", "reply_parameters": "json"}
    | {"reply_markup": "json"},
    "sendMediaGroup": {"chat_id": "int!", "message_thread_id": "int", "media": "json!", "reply_parameters": "json"},
    "sendChatAction": {"chat_id": "int!", "message_thread_id": "int", "action": "str!"},
    "editMessageText": {"chat_id": "int!", "message_id": "int!", "text": "str!", "parse_mode": "str"}
    | {"link_preview_options": "json", "reply_markup": "json"},
    "editMessageMedia": {"chat_id": "int!", "message_id": "int!", "media": "json!", "reply_markup": "json"},
    "editMessageCaption": {"chat_id": "int!", "message_id": "int!", "caption": "str", "parse_mode": "str"}
    | {"reply_markup": "json"},
    "editMessageReplyMarkup": {"chat_id": "int!", "message_id": "int!", "reply_markup": "json"},
    "deleteMessages": {"chat_id": "int!", "message_ids": "json!"},
    "answerCallbackQuery": {"callback_query_id": "str!", "text": "str", "show_alert": "bool"},
    "getChatMember": {"chat_id": "int!", "user_id": "int!"},
    "setMyCommands": {"commands": "json!", "scope": "json", "language_code": "str"},
    "getMyCommands": {"scope": "json", "language_code": "str"},
    "getFile": {"file_id": "str!"},
}
"""The methods that are spoken here, and their parameters; ``!`` marks required ones."""


def read(method: str, fields: dict[str, Any]) -> Json:
    """The parameters of a request, typed; a stricter reader than Telegram's, which ignores unknown ones.

    python-telegram-bot sends files under names of its own.
    """
    known = METHODS[method]
    attached = {name for name in fields if name.startswith("attached")}
    if unknown := set(fields) - set(known) - attached:
        raise ApiError(f"Bad Request: unknown parameters {sorted(unknown)}")
    if missing := [name for name, kind in known.items() if kind.endswith("!") and name not in fields]:
        raise ApiError(f"Bad Request: {missing[0]} is missing")
    return {name: _typed(known.get(name, "str"), value) for name, value in fields.items()}


def _typed(kind: Kind, value: Any) -> Any:
    match kind.rstrip("!"):
        case "int":
            return int(value)
        case "bool":
            return {"true": True, "false": False}[value]
        case "json":
            return json.loads(value)
        case _:
            return value


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def text_of(text: str, parse_mode: str | None, limit: int, *, empty: bool = False) -> str:
    """What remains once the entities are parsed; raises where Telegram cannot parse or the length is wrong."""
    plain = _parse_html(text) if parse_mode == "HTML" else text
    if not plain.strip() and not empty:
        raise ApiError("Bad Request: message text is empty")
    if units(plain) > limit:
        raise ApiError("Bad Request: message caption is too long" if limit == CAPTION else "message is too long")
    return plain.strip()


def _parse_html(text: str) -> str:
    open_tags: list[str] = []
    for tag in re.findall(r"<(?:[^>]*>)?", text):
        found = re.fullmatch(r"<(/?)([a-z-]+)(?: [^>]*)?>", tag)
        if found is None or found[2] not in TAGS:
            raise ApiError(f"Bad Request: can't parse entities: Unsupported start tag {tag!r}")
        if not found[1]:
            open_tags.append(found[2])
        elif not open_tags or open_tags.pop() != found[2]:
            raise ApiError(f"Bad Request: can't parse entities: unexpected end tag {tag!r}")
    if open_tags:
        raise ApiError("Bad Request: can't parse entities: Can't find end tag")
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def keyboard(markup: Json | None) -> Json | None:
    """The markup, checked; a keyboard without buttons is none."""
    if markup is None:
        return None
    if "force_reply" in markup:
        if units(markup.get("input_field_placeholder", "-")) not in range(1, 65):
            raise ApiError("Bad Request: wrong input field placeholder")
        return None
    rows = markup["inline_keyboard"]
    if any(len(row) > 8 for row in rows) or sum(map(len, rows)) > 100:
        raise ApiError("Bad Request: reply markup is too long")
    for button in [button for row in rows for button in row]:
        _button(button)
    return markup if any(rows) else None


def _button(button: Json) -> None:
    if not button["text"].strip():
        raise ApiError("Bad Request: text buttons are unallowed in the inline keyboard")
    if set(button) - {"text"} not in [{action} for action in BUTTON_ACTIONS]:
        raise ApiError(f"Bad Request: a button does exactly one thing: {button}")
    if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
        raise ApiError("Bad Request: BUTTON_DATA_INVALID")
    if "copy_text" in button and not 1 <= units(button["copy_text"]["text"]) <= 256:
        raise ApiError("Bad Request: BUTTON_COPY_TEXT_INVALID")


def photo_size(content: bytes) -> tuple[int, int]:
    """Width and height; raises for what is no photo to Telegram."""
    if len(content) > PHOTO_BYTES:
        raise ApiError("Bad Request: file is too big")
    with Image.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    if width + height > PHOTO_SIDES or max(width, height) > PHOTO_RATIO * min(width, height):
        raise ApiError("Bad Request: PHOTO_INVALID_DIMENSIONS")
    return width, height


def commands(entries: list[Json]) -> list[Json]:
    if len(entries) > 100:
        raise ApiError("Bad Request: BOT_COMMANDS_TOO_MUCH")
    for entry in entries:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", entry["command"]):
            raise ApiError("Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= units(entry["description"]) <= 256:
            raise ApiError("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    return entries
