"""The SQLite file: written together or not at all, and refused clearly where it cannot be used."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from bot.storage.database import Database, DatabaseError, statements
from migrations import Migration, migrations


async def names(database: Database) -> list[str]:
    rows = await database.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(row["name"] for row in rows)


async def test_a_new_file_gets_the_whole_schema_in_write_ahead_mode(tmp_path: Path) -> None:
    async with Database(tmp_path / "new" / "folder" / "sanggar.db") as database:
        assert {"allowances", "audit", "bindings", "jobs", "migrations"} <= set(await names(database))
        [row] = await database.rows("PRAGMA journal_mode")
        assert row[0] == "wal"


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def insert_twice() -> None:
        async with database.transaction() as connection:
            for _ in range(2):
                await connection.execute("INSERT INTO allowances VALUES ('console', 'ani', 1, 1)")

    with pytest.raises(sqlite3.IntegrityError):
        await insert_twice()
    assert await database.rows("SELECT * FROM allowances") == []


async def test_a_cancelled_transaction_leaves_nothing_and_frees_the_file(database: Database) -> None:
    inside = asyncio.Event()

    async def interrupted() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO allowances VALUES ('console', 'ani', 1, 1)")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(interrupted())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])
    async with database.transaction() as connection:
        assert list(await connection.execute_fetchall("SELECT * FROM allowances")) == []


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancel_at_any_moment_leaves_the_file_usable(database: Database, turns: int) -> None:
    async def write() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO allowances VALUES ('console', 'ani', 1, 1)")

    task = asyncio.create_task(write())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO allowances VALUES ('console', 'budi', 1, 1)")
    assert "budi" in [row["user"] for row in await database.rows("SELECT user FROM allowances")]


async def test_writers_take_turns(database: Database) -> None:
    await asyncio.gather(*(add_one(database) for _ in range(20)))
    [row] = await database.rows("SELECT pictures FROM allowances")
    assert row["pictures"] == 20


async def test_two_processes_can_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "sanggar.db"
    async with Database(path) as one, Database(path) as other:
        await asyncio.gather(*(add_one(database) for database in (one, other) * 5))
        [row] = await one.rows("SELECT pictures FROM allowances")
        assert row["pictures"] == 10


async def add_one(database: Database) -> None:
    async with database.transaction() as connection:
        rows = list(await connection.execute_fetchall("SELECT pictures FROM allowances"))
        pictures = rows[0]["pictures"] if rows else 0
        await connection.execute("INSERT OR REPLACE INTO allowances VALUES ('console', 'ani', ?, 1)", (pictures + 1,))


async def test_a_file_of_a_newer_sanggar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sanggar.db"
    newer = [*migrations(), Migration(9000, "future", "CREATE TABLE future (id INTEGER);")]
    async with Database(path, newer):
        pass
    with pytest.raises(DatabaseError, match=r"sanggar\.db: written by a newer Sanggar \(change 9000"):
        await Database(path).__aenter__()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sanggar.db"
    path.write_text("these are my notes, not a database" * 100)
    with pytest.raises(DatabaseError, match=r"sanggar\.db: not a usable SQLite file"):
        await Database(path).__aenter__()
    assert path.read_text().startswith("these are my notes")


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sanggar.db"
    async with Database(path) as database, database.transaction() as connection:
        rows = [("console", f"member {number}" * 50, 1, 1) for number in range(200)]
        await connection.executemany("INSERT INTO allowances VALUES (?, ?, ?, ?)", rows)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    (tmp_path / "sanggar.db-wal").touch()  # left by a process that was killed
    with pytest.raises(DatabaseError, match=r"sanggar\.db: "):
        await Database(path).__aenter__()


async def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="SANGGAR_DATA"):
        await Database(tmp_path / "file" / "sanggar.db").__aenter__()
    with pytest.raises(DatabaseError, match="cannot be opened for writing"):
        await Database(tmp_path).__aenter__()


def test_a_script_is_cut_where_statements_end() -> None:
    script = "-- a; b\nCREATE TABLE a (\n  x TEXT DEFAULT ';'\n);\n\nDROP TABLE a;\n-- the end"
    assert [part.strip() for part in statements(script)] == [
        "-- a; b\nCREATE TABLE a (\n  x TEXT DEFAULT ';'\n);",
        "DROP TABLE a;",
        "-- the end",
    ]
