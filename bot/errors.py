"""Refusals of a member's command. ``bot.replies.replies.Replies.explain`` turns one into the member's words."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """``reason`` is a key that ``bot.replies.replies`` knows; ``values`` fill its text (numbers, names, seconds)."""

    def __init__(self, reason: str, **values: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values
