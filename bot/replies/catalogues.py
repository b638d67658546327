"""The gettext catalogues in ``bot/locales``, compiled in memory; numbers and durations as a language writes them."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import cache
from gettext import GNUTranslations
from importlib import resources
from io import BytesIO
from typing import Any, Literal

from babel.dates import format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from bot.locales import LOCALES

NEAR = {"in": "id", "ms": "id", "jv": "id", "su": "id"}
"""Languages whose speakers read one of ours: the old code of Indonesian, Malay, Javanese, Sundanese."""
DURATIONS = frozenset({"seconds", "eta"})
"""Values that are seconds, shown as a duration."""

UNITS: tuple[tuple[Literal["second", "minute", "hour"], int], ...] = (("second", 1), ("minute", 60), ("hour", 3600))
UNIT_MOST = 90
"""Up to 90 seconds are said in seconds, up to 90 minutes in minutes."""


@cache
def catalogue(locale: str) -> GNUTranslations:
    """The texts of one of ``LOCALES``."""
    file = resources.files("bot") / "locales" / locale / "LC_MESSAGES" / "sanggar.po"
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


def nearest(tag: str | None, default: str) -> str:
    """The one of ``LOCALES`` that is nearest to a BCP 47 tag."""
    language = (tag or "").replace("_", "-").partition("-")[0].casefold()
    language = NEAR.get(language, language)
    return language if language in LOCALES else default


def shown(name: str, value: Any, locale: str) -> str:
    """``value`` as people read it; integers stay as they are, so that a seed can be typed again."""
    if name in DURATIONS:
        return duration(value, locale)
    if isinstance(value, float):
        return format_decimal(value, format="0.##", locale=locale)
    if isinstance(value, tuple | list):
        return ", ".join(value)
    return str(value)


def duration(seconds: float, locale: str) -> str:
    """Seconds in words, rounded up: whoever comes back then does not come too early."""
    unit, size = next((one for one in UNITS if seconds <= UNIT_MOST * one[1]), UNITS[-1])
    span = timedelta(seconds=max(1, math.ceil(seconds / size)) * size)
    return format_timedelta(span, granularity=unit, threshold=UNIT_MOST + 1, locale=locale)
