"""Which caption belongs to which picture of a folder: from a table, or from text files beside the pictures."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from adapters.captions import DataError, Row, read_lines, read_text
from adapters.preparation.finding import Contents

ENDINGS = (".txt", ".caption")
"""Endings of text files with a caption, as ``fox.txt`` or ``fox.jpg.txt`` beside ``fox.jpg``."""


@dataclass(frozen=True)
class Caption:
    """What a picture shows, whether it is held out, and where that is written."""

    text: str
    split: str
    origin: str


@dataclass(frozen=True)
class Captions:
    """The captions of a folder by picture, what is wrong with others, and the text files that were read."""

    by_picture: Mapping[Path, Caption]
    remarks: tuple[str, ...]
    files: frozenset[Path]


def find_captions(folder: Path, inside: Contents, table: Path | None) -> Captions:
    """Captions of the table, which come first, and of text files. Raises DataError."""
    by_picture, remarks = _from_table(folder, inside, table) if table else ({}, [])
    files = set[Path]()
    for picture, beside in _beside(inside).items():
        files.update(beside)
        texts = [(file, " ".join(read_text(folder / file).split())) for file in beside]
        for file, text in texts:
            known = by_picture.get(picture)
            if not text:
                continue
            if known is None or not known.text:
                by_picture[picture] = Caption(text, known.split if known else "train", str(file))
            elif text != known.text:
                remarks.append(f"{picture} has two captions: that of {known.origin} is taken, not that of {file}")
    return Captions(by_picture, tuple(remarks), frozenset(files))


def _from_table(folder: Path, inside: Contents, table: Path) -> tuple[dict[Path, Caption], list[str]]:
    """The captions of the table's rows, and which rows are not taken or not taken literally."""
    names = _Names(inside.pictures)
    captions: dict[Path, Caption] = {}
    remarks = []
    lines = read_lines(table)
    for number, row in lines:
        origin = f"{table.name}, line {number}"
        pictures = names.meant(row.file)
        if remark := names.remark(row, pictures):
            remarks.append(f"{origin}: {remark}")
        for picture in pictures:
            mine = Caption(" ".join(row.caption.split()), row.split, origin)
            known = captions.setdefault(picture, mine)
            if (known.text, known.split) != (mine.text, mine.split):
                remarks.append(f"{picture} has two captions: that of {known.origin} is taken, not that of {origin}")
    if lines and not captions:
        raise DataError(f"{table}: none of its files is a picture in {folder}, such as {lines[0][1].file}")
    return captions, remarks


class _Names:
    """The pictures by every way in which a table may call them, the most exact first."""

    def __init__(self, pictures: Iterable[Path]) -> None:
        self._ways: tuple[dict[str, list[Path]], ...] = tuple(defaultdict(list) for _ in range(4))
        for picture in pictures:
            path, name = picture.as_posix(), picture.name
            for way, key in zip(self._ways, (path, name, folded(path), folded(name)), strict=True):
                way[key].append(picture)

    def meant(self, written: str) -> list[Path]:
        """The pictures that the table's entry stands for."""
        plain = _plain(written)
        keys = (plain, plain, folded(plain), folded(plain))
        return next((way[key] for way, key in zip(self._ways, keys, strict=True) if key in way), [])

    def remark(self, row: Row, pictures: list[Path]) -> str:
        """What the owner of the table should know of the entry, or nothing."""
        called = ", ".join(map(str, pictures))
        if not pictures:
            near = get_close_matches(folded(_plain(row.file)), [*self._ways[2], *self._ways[3]], 1)
            meant = next((way[near[0]][0] for way in self._ways[2:] if near and near[0] in way), None)
            return f"no picture {row.file}" + (f"; is {meant} meant?" if meant else "")
        if len(pictures) > 1:
            return f"{row.file} stands for {called}"
        exact = _plain(row.file) in (pictures[0].as_posix(), pictures[0].name)
        return "" if exact else f"{row.file} is taken for {called}"


def _beside(inside: Contents) -> dict[Path, list[Path]]:
    """The text files of each picture that has any; the one with the picture's whole name first."""
    texts = defaultdict[str, list[Path]](list)
    for file in inside.others:
        if file.suffix.lower() in ENDINGS:
            texts[folded(file.as_posix())].append(file)
    beside = {}
    for picture in inside.pictures:
        stems = (picture.as_posix(), picture.with_suffix("").as_posix())
        files = [file for stem in stems for ending in ENDINGS for file in texts.get(folded(stem + ending), ())]
        if files:
            beside[picture] = files
    return beside


def _plain(written: str) -> str:
    """A path as tables of Windows and of shells write it, with slashes and from the folder on."""
    return written.strip().replace("\\", "/").removeprefix("./")


def folded(name: str) -> str:
    """The name without what file systems and keyboards write differently: case, composed or parted accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
