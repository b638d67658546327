"""Words for Discord: shown as they were typed, whatever Markdown, mentions and links they hold."""

from __future__ import annotations

import re

CONTENT_MAX = 2000
"""Characters of a message."""
SPECIAL = re.compile(r"[\\*_`~|<>\[\]]|(?<=\w):(?=//)|^[#-](?=\s)", re.MULTILINE)
INVITE = re.compile(r"discord(?:app)?(?=\.(?:com|gg|io|li|me)\b)", re.IGNORECASE)
MENTION = re.compile(r"@(?=everyone|here)")
CELLS = 12


def escape(text: str) -> str:
    """``text`` with everything that Discord would read as formatting, mention, link or invitation made plain."""
    text = INVITE.sub(lambda found: f"{found[0]}\u200b", text)
    return MENTION.sub("@\u200b", SPECIAL.sub(lambda found: f"\\{found[0]}", text))


def clip(text: str, limit: int = CONTENT_MAX) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip("\\") + "…"


def shown(text: str) -> str:
    """Escaped, and short enough for a message."""
    return clip(escape(text))


def bar(done: float) -> str:
    """A progress bar; ``done`` runs from 0 to 1."""
    full = round(done * CELLS)
    return "▰" * full + "▱" * (CELLS - full)
