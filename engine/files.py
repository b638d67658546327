"""Files that are written whole, and folders that are removed because we made them. The standard library alone."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = ".made-by-sanggar"
"""An empty file in every folder that Sanggar may delete with all that is in it."""
READABLE = 0o644
"""The mode of weights: the service that reads them may run as another user than the one who made them."""


class NotOurs(FileExistsError):
    """A folder that Sanggar did not make stands where it wants to work; the message says what to do."""


def make_own(folder: Path) -> Path:
    """The folder, made and marked where it is not there yet. Raises NotOurs if somebody else's files are in it."""
    check_own(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return folder


def remove_own(folder: Path) -> None:
    """Deletes the folder, if it is there. Raises NotOurs if somebody else's files are in it."""
    check_own(folder)
    if folder.exists():
        shutil.rmtree(folder)


def check_own(folder: Path) -> None:
    """Raises NotOurs if the folder is there, not empty, and without our mark."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise NotOurs(f"{folder} is not a folder of its own: choose another place, or move it away")
    if folder.exists() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise NotOurs(
            f"{folder} was not made by this command and stays as it is: choose another place, or move it away"
        )


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """An empty folder for work that is not finished; what is still there at the end is deleted.

    Raises NotOurs if somebody else's files are in it.
    """
    remove_own(folder)
    try:
        yield make_own(folder)
    finally:
        remove_own(folder)


def settle(unfinished: Path, folder: Path) -> None:
    """Gives a staged folder its final name, under which Sanggar will not delete it as a whole."""
    unfinished.rename(folder)
    (folder / MARK).unlink()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The path to write new contents to. They take the place of ``path`` once the block ends well.

    If ``path`` is a link, what it leads to is replaced; a pipe or a device is written to directly.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    beside = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        yield beside
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes all of the content, or leaves what was there."""
    with whole_file(path) as file:
        file.write_bytes(content)


def make_readable(folder: Path) -> None:
    """Lets every user read the weights in the folder; the safetensors library writes them for their owner alone."""
    for file in folder.rglob("*.safetensors"):
        file.chmod(READABLE)
