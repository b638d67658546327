"""All checks in the order in which they build on each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from bot.doctor.engine import check_engine
from bot.doctor.finding import Finding, bad, good, still_open
from bot.doctor.machine import check_database, check_disk, check_languages, check_python, check_torch
from bot.doctor.platforms import check_platforms
from bot.doctor.privacy import check_privacy
from bot.misspelt import misspelt
from bot.settings import Settings, SettingsError, read_settings

Show = Callable[[str], None]
"""Is told what is being looked at, for those checks that take a while."""


async def examine(show: Show, *, start_engine: bool = True) -> AsyncIterator[Finding]:
    """Yields findings. With wrong settings there are few: nothing after them can be believed."""
    yield check_python()
    yield check_torch()
    try:
        settings = read_settings()
    except SettingsError as error:
        yield bad("settings", str(error), "Mend it in .env or the environment; .env.example explains every setting.")
        return
    yield good("settings", f"data in {settings.data}")
    for sentence in misspelt():
        yield still_open("settings", sentence)
    async for finding in _with_settings(settings, show, start_engine):
        yield finding


async def _with_settings(settings: Settings, show: Show, start_engine: bool) -> AsyncIterator[Finding]:
    yield check_disk(settings)
    yield await check_database(settings)
    yield check_privacy(settings)
    yield check_languages(settings)
    for finding in await check_engine(settings, show, start=start_engine):
        yield finding
    async for finding in check_platforms(settings):
        yield finding
