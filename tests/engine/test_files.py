"""Nothing is removed that we did not make, and nothing but a plain file is replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from engine.files import NotOurs, check_own, make_own, remove_own, settle, staged, whole_file, write_whole


def test_a_folder_with_the_files_of_somebody_else_is_never_removed(tmp_path: Path) -> None:
    theirs = tmp_path / "photos"
    theirs.mkdir()
    (theirs / "one.png").write_bytes(b"picture")
    for act in (check_own, remove_own, make_own):
        with pytest.raises(NotOurs, match="was not made by this command"):
            act(theirs)
    with pytest.raises(NotOurs), staged(theirs):
        pass
    assert [file.name for file in theirs.iterdir()] == ["one.png"]


def test_a_link_to_a_folder_is_neither_followed_nor_removed(tmp_path: Path) -> None:
    make_own(tmp_path / "ours")
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    with pytest.raises(NotOurs):
        remove_own(tmp_path / "link")
    assert (tmp_path / "ours").is_dir()


def test_a_folder_of_ours_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    (make_own(tmp_path / "work") / "half").write_bytes(b"half")
    with staged(tmp_path / "work") as folder:
        assert not (folder / "half").exists()
    assert list(tmp_path.iterdir()) == []
    remove_own(tmp_path / "work")


def test_a_staged_folder_that_got_its_name_is_not_ours_to_remove(tmp_path: Path) -> None:
    with staged(tmp_path / ".x") as folder:
        (folder / "weights").write_bytes(b"1")
        settle(folder, tmp_path / "x")
    with pytest.raises(NotOurs):
        remove_own(tmp_path / "x")


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "fox.png"
    write_whole(file, b"old")
    file.chmod(0o600)
    with pytest.raises(IsADirectoryError), whole_file(file) as beside:
        beside.write_bytes(b"half") and tmp_path.write_bytes(b"rest")
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o600)
    assert os.listdir(tmp_path) == ["fox.png"]


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "there" / "fox.png")
    for content in (b"first", b"second"):
        write_whole(tmp_path / "link.png", content)
        assert (tmp_path / "there" / "fox.png").read_bytes() == content
    assert (tmp_path / "link.png").is_symlink()


def test_a_pipe_and_a_device_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, b"picture")
    reader.join()
    assert (read, stat.S_ISFIFO(pipe.stat().st_mode)) == ([b"picture"], True)
    write_whole(Path("/dev/null"), b"picture")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
