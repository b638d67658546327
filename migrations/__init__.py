"""Numbered changes of the SQLite schema, one ``NNNN_name.sql`` file each. A released file never changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One change. ``sql`` holds whole statements; a comment stands in front of the statement it is about."""

    number: int
    name: str
    sql: str


def migrations() -> Sequence[Migration]:
    """All changes, in the order in which they apply."""
    found = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in resources.files(__name__).iterdir()
        if (match := FILE_NAME.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)
