"""Writes a data set: good pictures resized under consistent names, their captions, a contact sheet."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from adapters.captions import CAPTIONS, DataError, Row, read_table, read_text, write_rows
from adapters.cli.output import tracked
from adapters.preparation.checking import Verdict, check_folder
from adapters.preparation.reading import find_pictures, read_picture, squared
from engine.files import MARK, staged

LEFT_OUT = "left-out.csv"
SHEET = "contact-sheet.jpg"
UNFINISHED = ".unfinished"
"""Within the data set: what is written until everything is there."""
NAME = r"[^\W_][\w.-]*"
THUMBNAIL = 128
COLUMNS = 10


def prepare(source: Path, target: Path, name: str, resolution: int, captions: Path | None = None) -> list[Verdict]:
    """Makes the data set ``target`` from the folder ``source``, which it only reads. Raises DataError.

    Captions are those of the CSV ``captions`` (columns file and caption), else of a text file beside each picture.
    """
    check_target(source, target)
    if not re.fullmatch(NAME, name):
        raise DataError(f"{name!r} cannot be a part of file names: letters, digits and -_. are, from a letter or digit")
    if resolution % 8:
        raise DataError(f"a resolution of {resolution} cannot be trained at: it must be a multiple of 8")
    known = read_captions(captions, source) if captions else {}
    verdicts = check_folder(source, resolution)
    good = [verdict.file for verdict in verdicts if not verdict.reason]
    if not good:
        raise DataError(f"{source}: no picture can be used")
    with staged(target / UNFINISHED) as folder:
        rows = [
            Row(f"{name}-{number:03}.png", caption_of(source, file, known), source=str(file))
            for number, file in enumerate(good)
        ]
        write_pictures(source, rows, folder, resolution)
        write_rows(folder, rows)
        write_left_out(folder, verdicts)
        made = [file for file in folder.iterdir() if file.name != MARK]
        for file in sorted(made, key=lambda file: file.name == CAPTIONS):
            file.rename(target / file.name)
    return verdicts


def check_target(source: Path, target: Path) -> None:
    """Raises DataError where the data set would change what is there."""
    if target.resolve().is_relative_to(source.resolve()):
        raise DataError(f"{target} lies in {source}, which must not be changed")
    if target.exists() and (not target.is_dir() or any(child.name != UNFINISHED for child in target.iterdir())):
        raise DataError(f"{target} is not empty" if target.is_dir() else f"{target} is not a folder")


def write_pictures(source: Path, rows: Sequence[Row], folder: Path, resolution: int) -> None:
    """The pictures and the contact sheet."""
    thumbnails = []
    for row in tracked(rows, "preparing"):
        picture = squared(read_picture(source / row.source), resolution)
        picture.save(folder / row.file)
        thumbnails.append(picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS))
    contact_sheet(thumbnails).save(folder / SHEET, quality=88)


def caption_of(folder: Path, file: Path, known: Mapping[str, str]) -> str:
    """The caption by path or name in the table, else the text file beside the picture, else none."""
    for key in (str(file), file.name):
        if key in known:
            return known[key]
    text = (folder / file).with_suffix(".txt")
    return " ".join(read_text(text).split()) if text.is_file() else ""


def read_captions(file: Path, source: Path) -> dict[str, str]:
    """Captions of a CSV by path within the folder, or by name alone. Raises DataError."""
    captions = {row.file: row.caption for row in read_table(file)}
    pictures = find_pictures(source)
    names = {path.name for path in pictures} | {str(path.relative_to(source)) for path in pictures}
    if captions and names.isdisjoint(captions):
        raise DataError(f"{file}: none of its files is a picture in {source}, such as {next(iter(captions))}")
    return captions


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
        raise DataError(f"{share:g} of {len(rows)} pictures leaves nothing to {'test' if not count else 'train'}")
    held_out = set(random.Random(seed).sample(range(len(rows)), count))
    return [replace(row, split="test" if number in held_out else "train") for number, row in enumerate(rows)]


def contact_sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """Thumbnails in rows of ten on white."""
    lines = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (min(len(pictures), COLUMNS) * THUMBNAIL, lines * THUMBNAIL), "white")
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (number % COLUMNS * THUMBNAIL, number // COLUMNS * THUMBNAIL))
    return sheet
