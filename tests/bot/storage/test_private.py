"""What is made for the database is its owner's alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.storage.locks import only_one


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def open_handed() -> Iterator[None]:
    """Everything that is made is everyone's, unless the program says otherwise."""
    old = os.umask(0)
    yield
    os.umask(old)


async def test_the_database_and_its_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "deeper" / "sanggar.db"
    async with Database(path):
        assert {mode(file) for file in path.parent.iterdir()} == {0o600}
    assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A database as releases before this one left it."""
    tmp_path.chmod(0o755)
    (tmp_path / "sanggar.db").touch(0o644)
    return tmp_path / "sanggar.db"


async def test_a_database_of_an_earlier_release_becomes_private_and_its_folder_stays(earlier: Path) -> None:
    async with Database(earlier):
        assert mode(earlier) == 0o600
    assert mode(earlier.parent) == 0o755


def test_a_lock_that_comes_first_makes_the_folder_as_private(tmp_path: Path) -> None:
    with only_one(tmp_path / "data" / "lock"):
        assert mode(tmp_path / "data") == 0o700
