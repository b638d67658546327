"""Writes a data set: good pictures resized under consistent names, their captions, a contact sheet."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from adapters.manifest import AdapterError
from adapters.preparation.checking import Verdict, check_folder
from adapters.preparation.reading import read_picture
from adapters.terminal import tracked

CAPTIONS = "captions.csv"
LEFT_OUT = "left-out.csv"
SHEET = "contact-sheet.jpg"
THUMBNAIL = 128
COLUMNS = 10


class PreparationError(AdapterError):
    """The data set cannot be made; the message says why."""


@dataclass(frozen=True)
class Row:
    """A line of ``captions.csv``. ``split`` is train or test; ``source`` the file in the folder it was made from."""

    file: str
    caption: str
    split: str = "train"
    source: str = ""


def prepare(source: Path, target: Path, name: str, resolution: int, captions: Path | None = None) -> list[Verdict]:
    """Makes the data set ``target`` from the folder ``source``, which it only reads. Raises PreparationError.

    Captions are those of the CSV ``captions`` (columns file and caption), else of a text file beside each picture.
    """
    if target.resolve().is_relative_to(source.resolve()):
        raise PreparationError(f"{target} lies in {source}, which must not be changed")
    if target.exists() and any(target.iterdir()):
        raise PreparationError(f"{target} is not empty")
    verdicts = check_folder(source, resolution)
    good = [verdict.file for verdict in verdicts if not verdict.reason]
    if not good:
        raise PreparationError(f"{source}: no picture can be used")
    known = read_captions(captions) if captions else {}
    target.mkdir(parents=True, exist_ok=True)
    rows, thumbnails = [], []
    for number, file in enumerate(tracked(good, "preparing")):
        picture = squared(read_picture(source / file), resolution)
        row = Row(f"{name}-{number:03}.png", caption_of(source, file, known), source=str(file))
        picture.save(target / row.file)
        rows.append(row)
        thumbnails.append(picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS))
    write_rows(target, rows)
    write_left_out(target, verdicts)
    contact_sheet(thumbnails).save(target / SHEET, quality=88)
    return verdicts


def squared(picture: Image.Image, resolution: int) -> Image.Image:
    """The middle square at the resolution."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    box = (left, top, left + side, top + side)
    return picture.resize((resolution, resolution), Image.Resampling.LANCZOS, box=box)


def caption_of(folder: Path, file: Path, known: Mapping[str, str]) -> str:
    """The caption by path or name in the table, else the text file beside the picture, else none."""
    for key in (str(file), file.name):
        if key in known:
            return known[key]
    text = (folder / file).with_suffix(".txt")
    return " ".join(text.read_text(encoding="utf-8").split()) if text.is_file() else ""


def read_captions(file: Path) -> dict[str, str]:
    """File names and captions of a CSV."""
    with file.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if not {"file", "caption"} <= set(reader.fieldnames or ()):
            raise PreparationError(f"{file}: needs the columns file and caption")
        return {row["file"]: row["caption"] for row in reader}


def read_rows(folder: Path) -> list[Row]:
    """The lines of a data set's ``captions.csv``."""
    table = folder / CAPTIONS
    if not table.is_file():
        raise PreparationError(f"{table} is not there; make a data set with: sanggar dataset prepare")
    with table.open(newline="", encoding="utf-8") as stream:
        names = set(Row.__dataclass_fields__)
        return [Row(**{key: value for key, value in line.items() if key in names}) for line in csv.DictReader(stream)]


def write_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Replaces ``captions.csv`` in one move."""
    unfinished = folder / f".{CAPTIONS}"
    with unfinished.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Row.__dataclass_fields__)
        writer.writerows((row.file, row.caption, row.split, row.source) for row in rows)
    unfinished.replace(folder / CAPTIONS)


def write_left_out(folder: Path, verdicts: Sequence[Verdict]) -> None:
    """``left-out.csv``: which pictures are not in the data set, and why."""
    with (folder / LEFT_OUT).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "reason"))
        writer.writerows((verdict.file, verdict.reason) for verdict in verdicts if verdict.reason)


def split(rows: Sequence[Row], share: float, seed: int) -> list[Row]:
    """The rows with ``share`` of them held out for testing, chosen by the seed alone."""
    count = round(len(rows) * share)
    if not 0 < count < len(rows):
        raise PreparationError(
            f"{share:g} of {len(rows)} pictures leaves nothing to {'test' if not count else 'train'}"
        )
    held_out = set(random.Random(seed).sample(range(len(rows)), count))
    return [replace(row, split="test" if number in held_out else "train") for number, row in enumerate(rows)]


def contact_sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Thumbnails in rows of ten on white."""
    lines = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (min(len(pictures), COLUMNS) * THUMBNAIL, lines * THUMBNAIL), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % COLUMNS * THUMBNAIL, number // COLUMNS * THUMBNAIL))
    return sheet
