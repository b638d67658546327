"""Text as Telegram measures it and marks it up. What we send is HTML, except for toasts and labels."""

from __future__ import annotations

import html
import re

TEXT, CAPTION, TOAST = 4096, 1024, 200
"""Most UTF-16 units of a message, a caption, and a toast; markup does not count."""
QUOTED = re.compile(r"^(“?)(.*?)(”?)$")


def units(text: str) -> int:
    """Length in UTF-16 units, in which Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def fit(text: str, limit: int) -> str:
    """The text, cut to ``limit`` UTF-16 units; an ellipsis says so."""
    if units(text) <= limit:
        return text
    return text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def plain(text: str) -> str:
    """Text without markup, as HTML."""
    return html.escape(text, quote=False)


def marked(caption: str) -> str:
    """A caption as HTML. What the member wrote, above the last line, becomes code: one tap copies it, and Telegram
    finds neither mentions nor commands in it. Quotes around it stay outside."""
    *written, below = plain(caption).split("\n")
    return "\n".join([*(QUOTED.sub(r"\1<code>\2</code>\3", line) for line in written), below])
