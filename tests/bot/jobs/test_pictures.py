"""The picture store: what is kept, and what makes room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.jobs.job import Picture
from bot.jobs.pictures import PictureStore
from tests.bot.kit.pictures import picture


def pictures(*texts: str) -> list[Picture]:
    return [picture(text.encode()) for text in texts]


async def test_a_jobs_pictures_come_back_in_order_and_can_be_forgotten(tmp_path: Path) -> None:
    store = PictureStore(tmp_path / "kept", most=10)
    await store.keep("job", pictures("one", "two"))
    assert await store.read("job") == [b"one", b"two"]
    await store.forget("job")
    assert await store.read("job") == []


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_the_oldest_make_room_also_for_those_of_an_earlier_start(tmp_path: Path) -> None:
    for number in range(21):
        store = PictureStore(tmp_path, most=20)
        await store.keep(f"job{number}", pictures("x"))
        os.utime(tmp_path / f"job{number}-0.png", (number, number))
    assert len(names(tmp_path)) == 21, "one part in twenty may be kept beyond the limit"
    await PictureStore(tmp_path, most=20).keep("last", pictures("x"))
    assert names(tmp_path) == {*(f"job{number}-0.png" for number in range(2, 21)), "last-0.png"}


async def test_a_delivery_does_not_look_at_the_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PictureStore(tmp_path, most=100)
    await store.keep("first", pictures("x"))

    def looked(*_: object) -> None:
        raise AssertionError("the whole folder")

    monkeypatch.setattr(Path, "glob", looked)
    await store.keep("second", pictures("x"))


async def test_a_setting_of_nought_keeps_nothing(tmp_path: Path) -> None:
    store = PictureStore(tmp_path, most=0)
    await store.keep("job", pictures("x"))
    assert await store.read("job") == []


async def test_a_disk_that_cannot_be_written_costs_only_the_files(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file is in the way")
    store = PictureStore(tmp_path / "kept", most=10)
    await store.keep("job", pictures("x"))
    assert await store.read("job") == []


async def test_pictures_of_an_earlier_release_are_taken_over(tmp_path: Path) -> None:
    await PictureStore(tmp_path / "telegram", most=10).keep("job", pictures("old"))
    for _ in range(2):
        store = PictureStore(tmp_path / "pictures", most=10)
        store.adopt(tmp_path / "telegram")
        assert await store.read("job") == [b"old"]
    assert names(tmp_path) == {"pictures"}
