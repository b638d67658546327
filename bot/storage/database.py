"""The SQLite file: one connection, one writer at a time, the schema brought up to date on opening."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from bot.storage.private import private_file
from migrations import Migration, migrations

Connection = aiosqlite.Connection
Pause = Callable[[float], Awaitable[None]]
BUSY_MS = 10_000
"""How long a statement waits for another process that writes."""
BUSY_PAUSE = 0.02
"""Seconds between two tries where SQLite does not wait by itself."""
RECORD = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, at REAL NOT NULL)"


class DatabaseError(Exception):
    """The file cannot be used; the message says which file and why, for the person who runs the bot."""


class Database:
    """Statements run one transaction after the other. ``async with Database(path) as database: ...``

    ``pause`` waits for so many seconds between two tries while another process writes.
    """

    def __init__(self, path: Path, changes: Sequence[Migration] | None = None, pause: Pause = asyncio.sleep) -> None:
        self.path = path
        self._pause = pause
        self._changes = migrations() if changes is None else changes
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None

    async def __aenter__(self) -> Database:
        try:
            await asyncio.to_thread(private_file, self.path)
            await self._open()
        except (sqlite3.Error, OSError) as error:
            await self.close()
            raise DatabaseError(f"{self.path}: {why(error)}") from error
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the file once the transaction in progress is through."""
        async with self._turn:
            if self._connection:
                await self._connection.close()
                self._connection = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Everything inside is written together, or nothing of it.

        While another process writes, others may read. Raises ``sqlite3.Error`` if it does so for too long.
        """
        end = time.monotonic() + BUSY_MS / 1000
        while True:
            async with self._turn:
                connection = self._connected()
                try:
                    if await _begun(connection, end):
                        yield connection
                        await connection.commit()
                        return
                except BaseException:
                    await connection.rollback()
                    raise
            await self._pause(BUSY_PAUSE)

    async def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[sqlite3.Row]:
        """What a query finds."""
        async with self._turn:
            return list(await self._connected().execute_fetchall(sql, values or {}))

    def _connected(self) -> Connection:
        assert self._connection, "the database is not open"
        return self._connection

    async def _open(self) -> None:
        unclean = self.path.with_name(f"{self.path.name}-wal").exists()  # SQLite removes it when the last one closes
        self._connection = connection = await aiosqlite.connect(self.path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        await connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        await _write_ahead(connection, self._pause)
        await connection.execute("PRAGMA synchronous = NORMAL")
        if unclean:
            await self._check(connection)
        while await self._migrate_once():
            pass
        await connection.execute("PRAGMA busy_timeout = 0")  # from now on ``transaction`` waits, and holds up no reader

    async def check(self) -> None:
        """Reads the whole file; raises DatabaseError if it is damaged."""
        async with self._turn:
            await self._check(self._connected())

    async def _check(self, connection: Connection) -> None:
        faults = [row[0] for row in await connection.execute_fetchall("PRAGMA quick_check(1)")]
        if faults != ["ok"]:
            raise DatabaseError(f"{self.path}: the file is damaged ({faults[0]}); restore a copy, or move it away")

    async def _migrate_once(self) -> bool:
        """Applies the next change and its record together; False when there is none."""
        async with self.transaction() as connection:
            await connection.execute(RECORD)
            rows = await connection.execute_fetchall("SELECT number FROM migrations")
            applied = {int(row[0]) for row in rows}
            known = {change.number for change in self._changes}
            if newer := applied - known:
                raise DatabaseError(
                    f"{self.path}: written by a newer Sanggar (change {max(newer)}, this one knows up to "
                    f"{max(known, default=0)}); update Sanggar, or set SANGGAR_DATABASE to another file"
                )
            change = next((change for change in self._changes if change.number not in applied), None)
            if change is None:
                return False
            for statement in statements(change.sql):
                await connection.execute(statement)
            record = (change.number, change.name, time.time())
            await connection.execute("INSERT INTO migrations (number, name, at) VALUES (?, ?, ?)", record)
            return True


async def _begun(connection: Connection, end: float) -> bool:
    """Whether a transaction began; False while another process writes. ``end``: when that becomes an error."""
    try:
        await connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error) or time.monotonic() > end:
            raise
        return False
    return True


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


async def _write_ahead(connection: Connection, pause: Pause) -> None:
    """Turns the write-ahead log on. Where two processes do so at once, SQLite refuses one instead of waiting."""
    end = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            await connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > end:
                raise
            await pause(BUSY_PAUSE)
        else:
            return


def statements(sql: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would commit before it starts."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement


def why(error: sqlite3.Error | OSError) -> str:
    """What is wrong with the file, and what to do."""
    text = error.strerror or "not accessible" if isinstance(error, OSError) else str(error)
    if "not a database" in text or "malformed" in text:
        return f"not a usable SQLite file ({text}); restore a copy, or move it away"
    return f"cannot be opened for writing ({text}); choose another place with SANGGAR_DATA or SANGGAR_DATABASE"
