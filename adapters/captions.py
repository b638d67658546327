"""``captions.csv`` of a data set: its pictures, what they show, and which are held out."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from adapters.manifest import AdapterError
from engine.files import whole_file

CAPTIONS = "captions.csv"
SPLITS = ("train", "test")


class DataError(AdapterError):
    """A data set that cannot be made or used; the message names the file and the line."""


@dataclass(frozen=True)
class Row:
    """A line of the table. ``file`` is relative to its folder; ``source`` what the picture was made from."""

    file: str
    caption: str
    split: str = "train"
    source: str = ""


def read_text(file: Path) -> str:
    """UTF-8, with or without a byte order mark. Raises DataError."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8; save it as UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None


def read_table(file: Path) -> list[Row]:
    """The rows of a CSV with the columns file and caption, perhaps split and source. Raises DataError.

    Columns are parted by commas, or by semicolons as spreadsheets do where the comma is the decimal sign.
    """
    text = read_text(file)
    head = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=";" if ";" in head and "," not in head else ",")
    if not {"file", "caption"} <= set(reader.fieldnames or ()):
        raise DataError(f"{file}: needs the columns file and caption")
    rows = []
    for line in reader:
        split = line.get("split") or "train"
        if not line["file"] or line["caption"] is None:
            raise DataError(f"{file}, line {reader.line_num}: needs a file and a caption")
        if split not in SPLITS:
            raise DataError(f"{file}, line {reader.line_num}: the split is {split!r}, not {' or '.join(SPLITS)}")
        rows.append(Row(line["file"], line["caption"], split, line.get("source") or ""))
    return rows


def read_rows(folder: Path) -> list[Row]:
    """The data set's rows. Raises DataError."""
    table = folder / CAPTIONS
    if not table.is_file():
        raise DataError(f"{table} is not there; make a data set with: sanggar dataset prepare")
    return read_table(table)


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Replaces ``captions.csv`` in one move."""
    with whole_file(folder / CAPTIONS) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Row.__dataclass_fields__)
        writer.writerows((row.file, row.caption, row.split, row.source) for row in rows)
