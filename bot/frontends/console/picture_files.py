"""Where the console keeps finished pictures: a folder of files named after what was asked."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from bot.jobs.job import Job, Picture
from engine.files import write_whole

FOLDER = Path("pictures")
NAME_MAX = 60
"""Characters of a file's name before seed and ending."""
SHEET_HEIGHT = 256
"""Pixels of the pictures of a sheet."""


def keep(job: Job, picture: Picture, folder: Path = FOLDER) -> Path:
    """Write the picture to ``folder/style-words-seed.png``; the same picture again is the same file.

    Another picture of that name (other options) gets a number, never overwrites. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in _names(folder / f"{slug(f'{job.request.style} {job.request.prompt}')}-{picture.seed}"):
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            if path.read_bytes() != picture.png:
                continue
        else:
            _fill(path, picture.png)
        return path
    raise AssertionError("names never end")


def _fill(path: Path, png: bytes) -> None:
    """A file that was made for it gets its picture, or goes again. Raises OSError, about ``path``."""
    try:
        write_whole(path, png)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def side_by_side(paths: Sequence[Path], target: Path, height: int = SHEET_HEIGHT) -> None:
    """One PNG of the pictures in a row, all ``height`` pixels high. Raises OSError."""
    pictures = [Image.open(path).convert("RGB") for path in paths]
    scaled = [picture.resize((round(picture.width * height / picture.height), height)) for picture in pictures]
    row = Image.new("RGB", (sum(picture.width for picture in scaled), height))
    for index, picture in enumerate(scaled):
        row.paste(picture, (sum(one.width for one in scaled[:index]), 0))
    row.save(target, optimize=True)


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most NAME_MAX characters; "picture" where nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    name = "-".join(words)
    return name[:NAME_MAX].rsplit("-", 1)[0] if len(name) > NAME_MAX else name or "picture"


def _names(stem: Path) -> Iterator[Path]:
    yield stem.with_name(f"{stem.name}.png")
    for number in itertools.count(2):
        yield stem.with_name(f"{stem.name}-{number}.png")
