"""A member who asks for something, with the rights that the platform has just confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.members.origin import Origin


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what they may do to what is not theirs.

    may_manage: choose adapters for the place. may_tidy: stop and delete the pictures of others there.
    shared: several people ask under this identity, such as a group's anonymous administrators.
    key: what makes the command the same when the platform sends it twice; None if it never does.
    """

    origin: Origin
    may_manage: bool = False
    may_tidy: bool = False
    key: str | None = None
    shared: bool = False
