"""Who works on which jobs of a database: locks between processes, which end with the process that holds them.

Taking one raises ``bot.storage.database.DatabaseError`` where no file can be made beside the database.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.storage.database import DatabaseError, why
from bot.storage.private import private_folder


class Locked(Exception):
    """Another process has it."""


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock alone; raises Locked where another process holds it."""
    with _file(path) as number:
        _take(number, fcntl.LOCK_EX)
        yield


@contextmanager
def one_of_many(path: Path) -> Iterator[bool]:
    """Hold the lock together with others; gives whether this process was the first, and nobody else holds it."""
    with _file(path) as number:
        try:
            _take(number, fcntl.LOCK_EX)
            alone = True
        except Locked:
            alone = False
        fcntl.flock(number, fcntl.LOCK_SH)
        yield alone


def lock_path(database: Path, name: str) -> Path:
    """Beside the database, since it is the jobs in there that the lock is about."""
    return database.with_name(f"{database.name}-{name}.lock")


@contextmanager
def _file(path: Path) -> Iterator[int]:
    try:
        private_folder(path.parent)
        file = path.open("w")
    except OSError as error:
        raise DatabaseError(f"{path}: {why(error)}") from error
    with file:
        yield file.fileno()


def _take(number: int, kind: int) -> None:
    try:
        fcntl.flock(number, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Locked from None
