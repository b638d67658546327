"""Writes a data set: good pictures resized under consistent names, their captions, a contact sheet."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from adapters.captions import CAPTIONS, DataError, Row, write_rows
from adapters.cli.output import tracked
from adapters.preparation.checking import FAR_FROM_SQUARE, Choices, Inspection, Verdict, check_folder, summary
from adapters.preparation.reading import padded, read, squared
from engine.files import MARK, staged

LEFT_OUT = "left-out.csv"
SHEET = "contact-sheet.jpg"
UNFINISHED = ".unfinished"
"""Within the data set: what is written until everything is there."""
NAME = r"[^\W_][\w.-]*"
THUMBNAIL = 128
COLUMNS = 10


def prepare(source: Path, target: Path, name: str, choices: Choices, captions: Path | None = None) -> Inspection:
    """Makes the data set ``target`` from the folder ``source``, which it only reads. Raises DataError.

    Captions are found as ``check_folder`` does; held out is what the table ``captions`` says, if it has a split.
    """
    check_target(source, target)
    if not re.fullmatch(NAME, name):
        raise DataError(f"{name!r} cannot be a part of file names: letters, digits and -_. are, from a letter or digit")
    if choices.resolution % 8:
        raise DataError(f"a resolution of {choices.resolution} cannot be trained at: it must be a multiple of 8")
    inspection = check_folder(source, choices, captions)
    if not inspection.good:
        raise DataError(no_good(source, inspection))
    with staged(target / UNFINISHED) as folder:
        rows = [row_of(f"{name}-{number:03}.png", verdict) for number, verdict in enumerate(inspection.good)]
        write_pictures(source, rows, folder, choices)
        write_rows(folder, rows)
        write_left_out(folder, inspection)
        made = [file for file in folder.iterdir() if file.name != MARK]
        for file in sorted(made, key=lambda file: file.name == CAPTIONS):
            file.rename(target / file.name)
    return inspection


def row_of(file: str, verdict: Verdict) -> Row:
    """The line of the table for a good picture that is written to ``file``."""
    caption = verdict.caption
    return Row(file, caption.text if caption else "", caption.split if caption else "train", str(verdict.file))


def no_good(source: Path, inspection: Inspection) -> str:
    """Why nothing can be prepared."""
    reasons = [f"{verdict.file}: {verdict.reason}" for verdict in inspection.left_out]
    return f"{source}: no picture can be used ({summary(inspection.verdicts)})" + "".join(f"\n{one}" for one in reasons)


def check_target(source: Path, target: Path) -> None:
    """Raises DataError where the data set would change what is there."""
    if target.resolve().is_relative_to(source.resolve()):
        raise DataError(f"{target} lies in {source}, which must not be changed")
    if target.exists() and (not target.is_dir() or any(child.name != UNFINISHED for child in target.iterdir())):
        raise DataError(f"{target} is not empty" if target.is_dir() else f"{target} is not a folder")


def write_pictures(source: Path, rows: Sequence[Row], folder: Path, choices: Choices) -> None:
    """The pictures and the contact sheet."""
    thumbnails = []
    for row in tracked(rows, "preparing"):
        picture = made_square(read(source / row.source, choices.resolution).picture, choices)
        picture.save(folder / row.file)
        thumbnails.append(picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS))
    contact_sheet(thumbnails).save(folder / SHEET, quality=88)


def made_square(picture: Image.Image, choices: Choices) -> Image.Image:
    """The picture at the resolution: its middle, or all of it on white if it is far from square and that was chosen."""
    short, long = sorted(picture.size)
    padding = choices.shape == "pad" and long >= FAR_FROM_SQUARE * short
    return (padded if padding else squared)(picture, choices.resolution)


def write_left_out(folder: Path, inspection: Inspection) -> None:
    """``left-out.csv``: which pictures are not in the data set, and why."""
    with (folder / LEFT_OUT).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("file", "reason"))
        writer.writerows((verdict.file, verdict.reason) for verdict in inspection.left_out)


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
