"""Length of a text as the platforms count it, in UTF-16 units, and texts made to fit."""

from __future__ import annotations


def length(text: str) -> int:
    """UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def shortened(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` UTF-16 units, with an ellipsis where something is missing."""
    if length(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * max(0, limit - 1)].decode("utf-16-le", errors="ignore").rstrip() + "…"
