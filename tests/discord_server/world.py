"""What exists in the local Discord: people, places, messages, interactions; and how each looks on the wire."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

APPLICATION_ID = 1100000000000000001
BOT_ID = APPLICATION_ID
GUILD_ID = 1200000000000000001
FOREIGN_GUILD_ID = 1200000000000000002
EPOCH = 1420070400000
"""Milliseconds of the first second of 2015, from which Discord's ids count."""
SEND_MESSAGES = 1 << 11
MANAGE_GUILD = 1 << 5
EVERYBODY = 1 << 10 | SEND_MESSAGES
EPHEMERAL = 1 << 6
LOADING = 1 << 7
UPLOAD_LIMIT = 10 * 1024 * 1024

_counter = itertools.count(1)


def snowflake() -> int:
    """A fresh id that carries the present time."""
    return (int(time.time() * 1000) - EPOCH) << 22 | (next(_counter) & 0x3FFFFF)


@dataclass(frozen=True)
class Person:
    """permissions: what Discord computes for this member in the channel."""

    id: int
    name: str
    permissions: int = EVERYBODY

    def user(self) -> Json:
        return {"id": str(self.id), "username": self.name, "discriminator": "0", "avatar": None, "global_name": None,
                "public_flags": 0, "flags": 0, "primary_guild": None}  # fmt: skip

    def member(self) -> Json:
        return {
            "user": self.user(),
            "roles": [],
            "joined_at": "2024-01-01T00:00:00+00:00",
            "deaf": False,
            "mute": False,
            "flags": 0,
            "permissions": str(self.permissions),
        }


MEMBER = Person(1300000000000000001, "sari")
STRANGER = Person(1300000000000000002, "budi")
MODERATOR = Person(1300000000000000003, "dewi", EVERYBODY | MANAGE_GUILD)
BOT = Person(BOT_ID, "sanggar")


@dataclass(frozen=True)
class Place:
    """A channel. ``guild`` is None in a direct message. ``installed``: the bot is in that server, not only a user's."""

    channel: int
    guild: int | None
    installed: bool = True

    def channel_payload(self) -> Json:
        if self.guild is None:
            return {"id": str(self.channel), "type": 1, "recipients": [MEMBER.user()], "last_message_id": None}
        return {"id": str(self.channel), "type": 0, "guild_id": str(self.guild), "name": "gambar", "position": 0,
                "permission_overwrites": [], "nsfw": False, "parent_id": None, "flags": 0}  # fmt: skip

    def context(self, person: Person) -> Json:
        """The part of an interaction that says where it happened."""
        owners = {"0": str(self.guild or 0)} if self.installed else {"1": str(person.id)}
        common = {"channel_id": str(self.channel), "channel": self.channel_payload(), "entitlements": [],
                  "authorizing_integration_owners": owners, "app_permissions": str(EVERYBODY),
                  "attachment_size_limit": UPLOAD_LIMIT}  # fmt: skip
        if self.guild is None:
            return common | {"context": 1, "user": person.user()}
        guild = {"id": str(self.guild), "locale": "en-US", "features": []}
        return common | {"context": 0, "member": person.member(), "guild_id": str(self.guild), "guild": guild,
                         "guild_locale": "en-US"}  # fmt: skip


GUILD = Place(1400000000000000001, GUILD_ID)
DM = Place(1400000000000000002, None)
ELSEWHERE = Place(1400000000000000003, FOREIGN_GUILD_ID, installed=False)


@dataclass
class Attachment:
    id: int
    filename: str
    data: bytes
    description: str | None = None

    def payload(self) -> Json:
        url = f"https://cdn.invalid/{self.id}/{self.filename}"
        note = {"description": self.description} if self.description else {}
        known = {"id": str(self.id), "filename": self.filename, "size": len(self.data), "url": url, "proxy_url": url}
        return known | note


@dataclass
class Message:
    """``edits`` counts changes after it was posted; ``nonce`` is what its sender called it."""

    id: int
    place: Place
    content: str = ""
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    allowed_mentions: Json | None = None
    reply_to: int | None = None
    nonce: str | None = None
    edits: int = 0
    deleted: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        return bool(self.flags & LOADING)

    def buttons(self) -> dict[str, str]:
        """``custom_id`` of every button and the words on it."""
        return {b["custom_id"]: b.get("label", "") for row in self.components for b in row["components"]}

    def payload(self) -> Json:
        stamp = datetime.now(UTC).isoformat()
        reference = {"message_reference": {"message_id": str(self.reply_to)}} if self.reply_to else {}
        return reference | {
            "id": str(self.id),
            "channel_id": str(self.place.channel),
            "author": BOT.user() | {"bot": True},
            "application_id": str(APPLICATION_ID),
            "content": self.content,
            "timestamp": stamp,
            "edited_timestamp": stamp if self.edits else None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [attachment.payload() for attachment in self.attachments],
            "embeds": [],
            "pinned": False,
            "type": 19 if self.reply_to else 0,
            "flags": self.flags,
            "components": numbered(self.components),
        }


def numbered(rows: list[Json]) -> list[Json]:
    """Components with the ids that Discord gives them."""
    ids = itertools.count(1)
    return [
        {"id": next(ids)} | row | {"components": [{"id": next(ids)} | stored(entry) for entry in row["components"]]}
        for row in rows
    ]


def stored(component: Json) -> Json:
    """Without what a client leaves empty."""
    return {
        key: {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value
        for key, value in component.items()
        if value is not None
    }


def guild_payload() -> Json:
    """GUILD_CREATE, with what a client reads from it."""
    role = {"id": str(GUILD_ID), "name": "@everyone", "color": 0, "colors": {"primary_color": 0}, "hoist": False,
            "position": 0, "permissions": str(EVERYBODY), "managed": False, "mentionable": False,
            "flags": 0}  # fmt: skip
    return {
        "id": str(GUILD_ID), "name": "Sanggar", "icon": None, "splash": None, "discovery_splash": None,
        "owner_id": str(MODERATOR.id), "afk_channel_id": None, "afk_timeout": 300, "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "roles": [role], "emojis": [],
        "features": [], "mfa_level": 0, "application_id": None, "system_channel_id": None, "rules_channel_id": None,
        "system_channel_flags": 0, "vanity_url_code": None, "description": None, "banner": None, "premium_tier": 0,
        "preferred_locale": "en-US", "public_updates_channel_id": None, "nsfw_level": 0, "stickers": [],
        "premium_progress_bar_enabled": False, "safety_alerts_channel_id": None, "joined_at": "2024-01-01T00:00:00Z",
        "large": False, "unavailable": False, "member_count": 3, "voice_states": [], "threads": [], "presences": [],
        "channels": [GUILD.channel_payload()], "members": [BOT.member()], "stage_instances": [],
        "guild_scheduled_events": [], "soundboard_sounds": [],
    }  # fmt: skip
