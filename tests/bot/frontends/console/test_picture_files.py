"""Files of finished pictures."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from PIL import Image

from bot.commands.request import DrawRequest
from bot.frontends.console.picture_files import NAME_MAX, keep, side_by_side, slug
from bot.jobs.job import Job, State
from bot.members.origin import Origin
from bot.styles.style import ResolvedStyle
from tests.bot.kit.pictures import picture

JOB = Job(
    id="1a2b3c4d",
    origin=Origin("console", "console", "owner", "en", {}),
    request=DrawRequest("kancil", "a clever mouse-deer, by the river!"),
    seed=777,
    style=ResolvedStyle(None, 1.0, "{prompt}"),
    state=State.DRAWN,
    created_at=0.0,
)


def test_a_file_is_named_after_what_was_asked(tmp_path: Path) -> None:
    path = keep(JOB, picture(b"one"), tmp_path / "new")
    assert path == tmp_path / "new" / "kancil-a-clever-mouse-deer-by-the-river-777.png"
    assert path.read_bytes() == b"one"


def test_another_picture_of_that_name_overwrites_nothing(tmp_path: Path) -> None:
    first, second = (keep(JOB, picture(png), tmp_path) for png in (b"one", b"two"))
    assert second.name == "kancil-a-clever-mouse-deer-by-the-river-777-2.png"
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_the_same_picture_again_is_the_same_file(tmp_path: Path) -> None:
    for png in (b"one", b"two", b"two"):
        keep(JOB, picture(png), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [("Café au lait", "cafe-au-lait"), ("../../etc/passwd", "etc-passwd"), ("漫画", "picture"), ("a\nb", "a-b")],
)
def test_names_are_plain(text: str, name: str) -> None:
    assert slug(text) == name


def test_long_names_end_with_a_whole_word() -> None:
    name = slug("word " * 40)
    assert len(name) <= NAME_MAX
    assert set(name.split("-")) == {"word"}


def test_pictures_stand_side_by_side_at_one_height(tmp_path: Path) -> None:
    for name, size, colour in (("a", (8, 8), "red"), ("b", (32, 16), "blue")):
        Image.new("RGB", size, colour).save(tmp_path / f"{name}.png")
    side_by_side([tmp_path / "a.png", tmp_path / "b.png"], tmp_path / "row.png", height=8)
    with Image.open(tmp_path / "row.png") as row:
        assert row.size == (24, 8)
        assert (row.getpixel((7, 4)), row.getpixel((8, 4))) == ((255, 0, 0), (0, 0, 255))


def test_a_disk_without_room_leaves_no_half_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:1])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as error:
        keep(JOB, picture(b"one"), tmp_path)
    assert Path(error.value.filename).name == "kancil-a-clever-mouse-deer-by-the-river-777.png"
    assert list(tmp_path.iterdir()) == []
