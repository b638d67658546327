"""``captions.csv`` of a data set: its pictures, what they show, and which are held out."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from adapters.manifest import AdapterError
from engine.files import whole_file

CAPTIONS = "captions.csv"
SPLITS = ("train", "test")
SHOWN = 5
"""Wrong lines of a table that an error names."""


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
    """UTF-8 or UTF-16, with or without a byte order mark. Raises DataError."""
    try:
        data = file.read_bytes()
        text = data.decode(_encoding(data))
    except UnicodeDecodeError:
        raise DataError(f"{file}: not UTF-8; save it as UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    if "\0" in text:
        raise DataError(f"{file}: not text; save it as UTF-8 text")
    return text


def _encoding(data: bytes) -> str:
    """Told by the mark; without one, every other byte of UTF-16 is zero where the letters are Latin."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = data[::2].count(0), data[1::2].count(0)
    return "utf-8-sig" if even == odd else "utf-16-le" if odd > even else "utf-16-be"


def read_table(file: Path) -> list[Row]:
    """The rows of a CSV with the columns file and caption, perhaps split and source. Raises DataError."""
    return [row for _, row in read_lines(file)]


def read_lines(file: Path) -> list[tuple[int, Row]]:
    """The rows of such a table, each with the number of its first line. Raises DataError that names all wrong lines.

    Columns are parted by commas, by semicolons as spreadsheets do where the comma is the decimal sign, or by tabs.
    """
    text = read_text(file)
    first = next(iter(text.splitlines()), "")
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    faults, rows, records = list[str](), list[tuple[int, Row]](), _records(text, delimiter)
    head = [name.strip().lower() for name in next(records, (0, None))[1] or ()]
    if not {"file", "caption"} <= set(head):
        raise DataError(f"{file}: needs the columns file and caption")
    for number, fields in records:
        if fault := _fault(head, fields, delimiter):
            faults.append(f"line {number}: {fault}")
        elif fields:
            line = dict(zip(head, fields, strict=False))
            split, source = line.get("split") or "train", line.get("source") or ""
            rows.append((number, Row(line["file"], line["caption"], split, source)))
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise DataError(f"{file}, {'; '.join(faults[:SHOWN])}{more}")
    return rows


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """The fields of every record with the number of its first line; None in place of one whose quotes are wrong."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, None
            return
        if fields:
            yield number, fields


def _fault(head: Sequence[str], fields: Sequence[str] | None, delimiter: str) -> str:
    """What is wrong with a record, or nothing."""
    swallowed = rf"[\r\n][^\r\n{delimiter}]+\.\w{{2,5}}{delimiter}"
    if fields is None or any(re.search(swallowed, field) for field in fields):
        return "a quotation mark is opened and not closed before the next line"
    if any(fields[len(head) :]):
        return f"{len(fields)} columns where the head has {len(head)}; put a caption with {delimiter!r} in quotes"
    line = dict(zip(head, fields, strict=False))
    if not line["file"] or "caption" not in line:
        return "needs a file and a caption"
    split = line.get("split") or "train"
    return "" if split in SPLITS else f"the split is {split!r}, not {' or '.join(SPLITS)}"


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
