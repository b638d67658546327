"""Who asks, from where, and where the answer goes: plain values that every frontend builds and the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Platform = Literal["discord", "telegram", "console"]
JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, and from where.

    place: the Discord server or Telegram chat whose styles apply (a private chat is its own place).
    user: the platform's id of the member; limits are kept per (platform, user).
    locale: a BCP 47 tag as the platform sends it ("id", "en-US"); replies use the nearest catalogue.
    address: what the frontend needs to deliver later, even after a restart; JSON, opaque to the studio.
    """

    platform: Platform
    place: str
    user: str
    locale: str
    address: JsonObject
