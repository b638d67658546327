"""The machine: Python, torch, disk, database, languages."""

from __future__ import annotations

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from bot.doctor.finding import Finding, bad, good
from bot.locales import LOCALES
from bot.replies.replies import Catalogues
from bot.settings import Settings
from bot.storage.database import Database, DatabaseError

OLDEST = (3, 11)
LOW_DISK = 1_000_000_000
"""Bytes below which the journal, logs and pictures soon fill the disk."""


def check_python() -> Finding:
    found = platform.python_version()
    if sys.version_info < OLDEST:
        return bad("python", found, "Sanggar needs Python 3.11 or later: make demo PYTHON=python3.12")
    return good("python", found)


def check_torch() -> Finding:
    """Only that it is there, since importing it takes seconds; the engine's start shows that it works."""
    try:
        return good("torch", version("torch"))
    except PackageNotFoundError:
        return bad("torch", "not installed", "Install it again: pip install -c constraints.txt -e .")


def check_disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.data.absolute(), *settings.data.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LOW_DISK:
        return bad("disk", text, "Make room, or choose another place with SANGGAR_DATA.")
    return good("disk", text)


async def check_database(settings: Settings) -> Finding:
    """Opening it brings the schema up to date."""
    try:
        async with Database(settings.database_path) as database:
            await database.check()
            changes = await database.rows("SELECT count(*) FROM migrations")
    except DatabaseError as error:
        return bad("database", str(error), "Choose another place with SANGGAR_DATA or SANGGAR_DATABASE.")
    return good("database", f"{settings.database_path}, {changes[0][0]} changes applied")


def check_languages(settings: Settings) -> Finding:
    catalogues = Catalogues(settings.language)
    spoken = [tag for tag in LOCALES if catalogues.for_locale(tag).locale == tag]
    if missing := set(LOCALES) - set(spoken):
        return bad("languages", f"no catalogue for {', '.join(sorted(missing))}", "Install Sanggar again.")
    return good("languages", f"{', '.join(spoken)}; {settings.language} where a member's is not known")
