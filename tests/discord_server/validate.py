"""What Discord accepts in a message and in an answer to an interaction. Raises ``Wrong`` with code 50035 otherwise.

Stricter than Discord where it would be lenient: a key that it does not know is a mistake of ours.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.discord_server.faults import Wrong
from tests.discord_server.world import Json

CONTENT_MAX = 2000
MESSAGE_KEYS = {"content", "tts", "embeds", "allowed_mentions", "components", "attachments", "flags"}
CREATE_KEYS = MESSAGE_KEYS | {"nonce", "enforce_nonce", "message_reference"}
CALLBACK_TYPES = {2: {4, 5}, 3: {4, 5, 6, 7}, 4: {8}}
"""By type of the interaction: the types of callback that answer it."""
EMBED_TEXTS = {"title": 256, "description": 4096}
BUTTON_KEYS = {"type", "style", "label", "custom_id", "disabled", "emoji", "url", "id"}


def require(condition: object, details: str) -> None:
    if not condition:
        raise Wrong(400, 50035, details)


def known(body: Json, keys: Collection[str], where: str) -> None:
    require(isinstance(body, dict), f"{where}: not an object")
    unknown = sorted(set(body) - set(keys))
    require(not unknown, f"{where}: unknown {unknown}")


def text(value: Any, lowest: int, highest: int, where: str) -> None:
    require(isinstance(value, str), f"{where}: not a string")
    require(lowest <= len(value) <= highest, f"{where}: {len(value)} characters, must be {lowest}-{highest}")


def message(body: Json, files: Collection[int], *, creates: bool, keys: Collection[str] = CREATE_KEYS) -> None:
    """``files``: the numbers of the uploaded ones."""
    known(body, keys, "message")
    if body.get("content") is not None:
        text(body["content"], 0, CONTENT_MAX, "content")
    require(body.get("flags", 0) & ~(1 << 2 | 1 << 6 | 1 << 12) == 0, "flags: only some may be set")
    embeds(body.get("embeds") or [])
    mentions(body.get("allowed_mentions"))
    components(body.get("components") or [])
    attachments(body.get("attachments") or [], files)
    if "nonce" in body:
        text(str(body["nonce"]), 1, 25, "nonce")
    if "message_reference" in body:
        known(body["message_reference"], {"message_id", "channel_id", "guild_id", "fail_if_not_exists", "type"}, "ref")
    if creates and not (body.get("content") or body.get("embeds") or files or body.get("components")):
        raise Wrong(400, 50006)


def embeds(entries: list[Json]) -> None:
    require(len(entries) <= 10, "embeds: more than 10")
    total = 0
    for embed in entries:
        for key, limit in EMBED_TEXTS.items():
            if embed.get(key) is not None:
                text(embed[key], 1, limit, f"embed.{key}")
                total += len(embed[key])
        require(len(embed.get("fields", [])) <= 25, "embed.fields: more than 25")
        for entry in embed.get("fields", []):
            text(entry["name"], 1, 256, "embed.field.name")
            text(entry["value"], 1, 1024, "embed.field.value")
            total += len(entry["name"]) + len(entry["value"])
    require(total <= 6000, "embeds: more than 6000 characters in all")


def mentions(allowed: Json | None) -> None:
    if allowed is None:
        return
    known(allowed, {"parse", "users", "roles", "replied_user"}, "allowed_mentions")
    parse = allowed.get("parse", [])
    require(set(parse) <= {"users", "roles", "everyone"}, "allowed_mentions.parse")
    for key in ("users", "roles"):
        ids = allowed.get(key) or []
        require(not (ids and key in parse), f"allowed_mentions: {key} both parsed and listed")
        require(len(ids) <= 100 and all(str(i).isdigit() for i in ids), f"allowed_mentions.{key}")


def components(rows: list[Json]) -> None:
    require(len(rows) <= 5, "components: more than 5 rows")
    seen: set[str] = set()
    for row in rows:
        require(row.get("type") == 1, "components: only action rows here")
        require(1 <= len(row.get("components", [])) <= 5, "row: 1 to 5 components")
        for entry in row["components"]:
            button(entry, seen)


def button(entry: Json, seen: set[str]) -> None:
    require(entry.get("type") == 2, "component: only buttons here")
    known({k: v for k, v in entry.items() if v is not None}, BUTTON_KEYS, "button")
    require(entry.get("style") in {1, 2, 3, 4}, "button.style")
    text(entry.get("custom_id"), 1, 100, "button.custom_id")
    require(entry["custom_id"] not in seen, "button.custom_id: used twice")
    seen.add(entry["custom_id"])
    if entry.get("label") is not None:
        text(entry["label"], 1, 80, "button.label")
    require(entry.get("label") or entry.get("emoji"), "button: neither label nor emoji")


def attachments(entries: list[Json], files: Collection[int]) -> None:
    require(len(entries) <= 10, "attachments: more than 10")
    named = {int(entry["id"]) for entry in entries if int(entry["id"]) < 10}
    require(named == set(files), f"attachments {sorted(named)} do not match files {sorted(files)}")
    for entry in entries:
        known(entry, {"id", "filename", "description", "title", "size"}, "attachment")
        if entry.get("description") is not None:
            text(entry["description"], 1, 1024, "attachment.description")


def callback(kind: int, body: Json, files: Collection[int]) -> None:
    """An answer to an interaction of that type."""
    known(body, {"type", "data"}, "callback")
    require(body.get("type") in CALLBACK_TYPES[kind], f"callback {body.get('type')} does not answer {kind}")
    data = body.get("data") or {}
    if body["type"] == 4:
        message(data, files, creates=True, keys=MESSAGE_KEYS)
    elif body["type"] == 8:
        choices(data.get("choices"))
    elif body["type"] == 5:
        known(data, {"flags"}, "callback.data")
    else:
        require(not data, "callback.data: must be empty")


def choices(entries: Any) -> None:
    require(isinstance(entries, list) and len(entries) <= 25, "choices: at most 25")
    for entry in entries:
        known(entry, {"name", "name_localizations", "value"}, "choice")
        text(entry["name"], 1, 100, "choice.name")
        text(str(entry["value"]), 1, 100, "choice.value")
