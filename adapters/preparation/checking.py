"""Which pictures of a folder are fit to train on, and what is wrong with each of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from adapters.captions import DataError
from adapters.cli.output import tracked
from adapters.preparation.finding import PassedOver, contents
from adapters.preparation.matching import Caption, find_captions
from adapters.preparation.reading import Unreadable, read

SMALLEST_SHARE = 0.5
"""Share of the resolution below which a picture's shorter side makes it tiny."""
BLURRED = 0.7
"""Blur (see ``blur``) from which a picture counts as blurred."""
FAR_FROM_SQUARE = 1.5
"""The longer side over the shorter one from which what the square leaves out is told."""
HASH_DISTANCE = 6
"""Bits of 64 in which the hashes of near-duplicates may differ."""
THUMBNAIL_DISTANCE = 0.06
"""Mean difference, of 1, that the thumbnails of near-duplicates may have."""

Numbers = npt.NDArray[np.floating[Any]]
Shape = Literal["crop", "pad", "skip"]


@dataclass(frozen=True)
class Choices:
    """What a data set shall be like.

    shape: what becomes of pictures that are far from square: their middle, all of them on white, or nothing.
    keep: names, paths or patterns such as ``mist*.jpg`` of pictures that are good though tiny, blurred or there twice.
    """

    resolution: int
    shape: Shape = "crop"
    keep: tuple[str, ...] = ()

    def keeps(self, file: Path) -> bool:
        """Whether this picture was asked for by name."""
        return any(
            name == wanted or fnmatchcase(name, wanted) for wanted in self.keep for name in (file.name, file.as_posix())
        )


@dataclass(frozen=True)
class Verdict:
    """What was found of one file, a path within the folder.

    size: width and height, None if it could not be read. reason: why it is left out, empty if it is good.
    notes: what a good picture loses, or was kept in spite of.
    """

    file: Path
    size: tuple[int, int] | None
    reason: str = ""
    notes: tuple[str, ...] = ()
    caption: Caption | None = None


@dataclass(frozen=True)
class Inspection:
    """What was found in a folder: every picture, what was no picture, and what is wrong with the captions."""

    verdicts: tuple[Verdict, ...]
    passed_over: tuple[PassedOver, ...]
    remarks: tuple[str, ...]

    @property
    def good(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if not verdict.reason]

    @property
    def left_out(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.reason]


@dataclass(frozen=True)
class Fingerprint:
    """A picture's difference hash (64 bits) and its 8x8 thumbnail."""

    bits: npt.NDArray[np.bool_]
    thumbnail: Numbers

    def is_near(self, other: Fingerprint) -> bool:
        """Whether the two show the same but for size, compression and small changes."""
        differing = int((self.bits != other.bits).sum())
        return differing <= HASH_DISTANCE and np.abs(self.thumbnail - other.thumbnail).mean() <= THUMBNAIL_DISTANCE


def check_folder(folder: Path, choices: Choices, table: Path | None = None) -> Inspection:
    """A verdict on every picture of the folder; of duplicates the best is good. Raises DataError.

    Captions are those of the CSV ``table`` (columns file and caption), else of text files beside the pictures.
    """
    inside = contents(folder)
    for wanted in choices.keep:
        if not any(replace(choices, keep=(wanted,)).keeps(picture) for picture in inside.pictures):
            raise DataError(f"--keep {wanted}: no picture of this name is in {folder}")
    captions = find_captions(folder, inside, table)
    verdicts, fingerprints = dict[Path, Verdict](), dict[Path, Fingerprint]()
    for name in tracked(inside.pictures, "checking"):
        verdict, mine = look(folder, name, choices)
        verdicts[name] = replace(verdict, caption=captions.by_picture.get(name))
        if mine and not verdict.reason:
            fingerprints[name] = mine
    leave_duplicates(verdicts, fingerprints, choices)
    read_too = {file.resolve() for file in (table, *(folder / name for name in captions.files)) if file}
    no_pictures = [
        PassedOver(file, "a table; --captions reads it" if file.suffix.lower() == ".csv" else "no picture")
        for file in inside.others
        if (folder / file).resolve() not in read_too
    ]
    return Inspection(tuple(verdicts.values()), (*inside.passed_over, *no_pictures), captions.remarks)


def look(folder: Path, name: Path, choices: Choices) -> tuple[Verdict, Fingerprint | None]:
    """What is found of one picture by itself."""
    try:
        reading = read(folder / name, choices.resolution)
    except Unreadable as error:
        return Verdict(name, None, error.reason), None
    reason, notes = fault(reading.picture, reading.size, choices.resolution), reading.notes
    if reason and choices.keeps(name):
        reason, notes = "", (*notes, f"kept although {reason}")
    far, cut = shape_of(reading.size, choices)
    if not reason:
        reason = far
    return Verdict(name, reading.size, reason, (*notes, *cut)), fingerprint(reading.picture)


def shape_of(size: tuple[int, int], choices: Choices) -> tuple[str, tuple[str, ...]]:
    """Why the picture's shape leaves it out, or nothing; and what its being made square of this size does to it."""
    short, long = sorted(size)
    far = long >= FAR_FROM_SQUARE * short
    if far and choices.shape == "skip":
        return f"far from square: {size[0]}x{size[1]}", ()
    notes = []
    scaled = short
    if far and choices.shape == "pad":
        scaled = long
        notes.append(f"{1 - short / long:.0%} of the square is white, for it has {size[0]}x{size[1]}")
    elif far:
        notes.append(f"{1 - short / long:.0%} of it is cut off, for it has {size[0]}x{size[1]}")
    if scaled < choices.resolution:
        notes.append(f"enlarged from {size[0]}x{size[1]}")
    return "", tuple(notes)


def fault(picture: Image.Image, size: tuple[int, int], resolution: int) -> str:
    """Why the picture, which has ``size`` in its file, cannot be trained on, or nothing."""
    if min(size) < resolution * SMALLEST_SHARE:
        return f"tiny: {size[0]}x{size[1]} for a resolution of {resolution}"
    measured = blur(picture, resolution)
    return f"blurred: {measured:.2f} of 1" if measured >= BLURRED else ""


def leave_duplicates(verdicts: dict[Path, Verdict], fingerprints: Mapping[Path, Fingerprint], choices: Choices) -> None:
    """Leaves out what repeats a better picture: a larger one, else one with a caption, else one with a shorter path.

    A picture without a caption takes that of the copy which is left out.
    """
    kept = dict[Path, Fingerprint]()
    for name in sorted(fingerprints, key=lambda file: _worth(verdicts[file])):
        mine, verdict = fingerprints[name], verdicts[name]
        twin = next((file for file, other in kept.items() if mine.is_near(other)), None)
        if twin is None or choices.keeps(name):
            kept[name] = mine
            if twin:
                verdicts[name] = replace(verdict, notes=(*verdict.notes, f"kept although near-duplicate of {twin}"))
            continue
        verdicts[name] = Verdict(name, verdict.size, f"near-duplicate of {twin}")
        better = verdicts[twin]
        if has_caption(verdict) and not has_caption(better):
            notes = (*better.notes, f"its caption is that of {name}, which is left out")
            verdicts[twin] = replace(better, notes=notes, caption=verdict.caption)


def _worth(verdict: Verdict) -> tuple[int, bool, int, int, str]:
    """Sorts the better of two pictures of the same first."""
    width, height = verdict.size or (0, 0)
    path = verdict.file.as_posix()
    return -width * height, not has_caption(verdict), len(verdict.file.parts), len(path), path


def has_caption(verdict: Verdict) -> bool:
    """Whether anything is said of the picture."""
    return verdict.caption is not None and verdict.caption.text != ""


def fingerprint(picture: Image.Image) -> Fingerprint:
    """The difference hash: whether each of 8x8 cells is brighter than its right neighbour."""
    grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.float32)
    thumbnail = np.asarray(picture.convert("RGB").resize((8, 8), Image.Resampling.BOX), dtype=np.float32) / 255
    return Fingerprint(grey[:, :-1] > grey[:, 1:], thumbnail)


def blur(picture: Image.Image, resolution: int) -> float:
    """No-reference blur of Crete et al. 2007, 0 (sharp) to 1, of the picture at the resolution it is trained at.

    How little of the difference between neighbours a further blur of 11 pixels takes away, in the worse direction.
    """
    scale = resolution / min(picture.size)
    if scale < 1:
        picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BOX)
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    return max(_blur_along(grey), _blur_along(grey.T))


def _blur_along(grey: Numbers) -> float:
    window = np.ones(11) / 11
    smooth = np.apply_along_axis(lambda row: np.convolve(row, window, mode="valid"), 1, grey)
    before = np.abs(np.diff(grey[:, 5:-5], axis=1))
    lost = (before - np.abs(np.diff(smooth, axis=1))).clip(min=0)
    total = float(before.sum())
    return 1.0 if total == 0 else (total - float(lost.sum())) / total


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many are good, and how many are left out for what."""
    if not verdicts:
        return "no pictures: JPEG, PNG, WebP, TIFF, GIF, BMP and whatever else Pillow opens are read"
    reasons = [verdict.reason.partition(":")[0].partition(" of ")[0] for verdict in verdicts if verdict.reason]
    counts = ", ".join(f"{reasons.count(reason)} {reason}" for reason in dict.fromkeys(reasons))
    good = len(verdicts) - len(reasons)
    return f"{good} of {len(verdicts)} pictures are good" + (f"; {len(reasons)} left out: {counts}" if counts else "")
