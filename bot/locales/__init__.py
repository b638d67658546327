"""The languages that the bot speaks; each has a gettext catalogue in this folder."""

from __future__ import annotations

LOCALES = ("en", "id")
"""Languages that the bot speaks, as BCP 47 tags."""
