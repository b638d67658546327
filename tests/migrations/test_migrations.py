"""Numbered changes of the schema."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot.storage.database import Database, DatabaseError
from migrations import Migration, migrations

FIRST = Migration(1, "first", "CREATE TABLE a (x INTEGER);\nINSERT INTO a VALUES (1);")
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN y TEXT;")
BROKEN = Migration(2, "broken", "CREATE TABLE b (x INTEGER);\nINSERT INTO nowhere VALUES (1);")


async def applied(database: Database) -> list[tuple[int, str]]:
    return [(row["number"], row["name"]) for row in await database.rows("SELECT * FROM migrations ORDER BY number")]


def test_the_files_are_numbered_from_one_without_a_gap() -> None:
    assert [change.number for change in migrations()] == list(range(1, len(migrations()) + 1))


async def test_each_change_is_applied_once_and_recorded(tmp_path: Path) -> None:
    async with Database(tmp_path / "a.db", [FIRST]) as database:
        assert await applied(database) == [(1, "first")]
    async with Database(tmp_path / "a.db", [FIRST, SECOND]) as database:
        assert await applied(database) == [(1, "first"), (2, "second")]
        assert [tuple(row) for row in await database.rows("SELECT x, y FROM a")] == [(1, None)]


async def test_a_change_that_fails_leaves_neither_itself_nor_its_record(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        await Database(tmp_path / "a.db", [FIRST, BROKEN]).__aenter__()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        records = list(connection.execute("SELECT number FROM migrations"))
    connection.close()
    assert tables >= {"a", "migrations"}
    assert "b" not in tables
    assert records == [(1,)]


async def test_a_start_waits_for_another_that_is_just_making_the_file(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused, closed = asyncio.Event(), asyncio.Event()

    async def pause(seconds: float) -> None:
        refused.set()
        await closed.wait()

    database = Database(tmp_path / "a.db", [FIRST], pause)
    opening = asyncio.create_task(database.__aenter__())
    await refused.wait()
    other.execute("COMMIT")
    other.close()
    closed.set()
    await opening
    assert await applied(database) == [(1, "first")]
    await database.close()


async def test_processes_that_start_together_apply_each_change_once(tmp_path: Path) -> None:
    databases = [Database(tmp_path / "a.db", [FIRST, SECOND]) for _ in range(4)]
    await asyncio.gather(*(database.__aenter__() for database in databases))
    assert await applied(databases[0]) == [(1, "first"), (2, "second")]
    for database in databases:
        await database.close()
