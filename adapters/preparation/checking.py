"""Which pictures of a folder are fit to train on, and what is wrong with each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from adapters.cli.output import tracked
from adapters.preparation.reading import SUFFIXES, Unreadable, find_pictures, read_picture

SMALLEST_SHARE = 0.5
"""Share of the resolution below which a picture's shorter side makes it tiny."""
BLURRED = 0.7
"""Blur (see ``blur``) from which a picture counts as blurred."""
HASH_DISTANCE = 6
"""Bits of 64 in which the hashes of near-duplicates may differ."""
THUMBNAIL_DISTANCE = 0.06
"""Mean difference, of 1, that the thumbnails of near-duplicates may have."""

Numbers = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Verdict:
    """What was found of one file, a path within the folder; ``reason`` is empty where it is good."""

    file: Path
    size: tuple[int, int] | None
    reason: str = ""


@dataclass(frozen=True)
class Fingerprint:
    """A picture's difference hash (64 bits) and its 8x8 thumbnail."""

    bits: npt.NDArray[np.bool_]
    thumbnail: Numbers

    def is_near(self, other: Fingerprint) -> bool:
        """Whether the two show the same but for size, compression and small changes."""
        differing = int((self.bits != other.bits).sum())
        return differing <= HASH_DISTANCE and np.abs(self.thumbnail - other.thumbnail).mean() <= THUMBNAIL_DISTANCE


def check_folder(folder: Path, resolution: int) -> list[Verdict]:
    """A verdict on every picture of the folder for training at this resolution; the first of duplicates is good."""
    verdicts, kept = [], dict[Path, Fingerprint]()
    for file in tracked(find_pictures(folder), "checking"):
        name = file.relative_to(folder)
        try:
            picture = read_picture(file)
        except Unreadable as error:
            verdicts.append(Verdict(name, None, f"broken: {error.reason}"))
            continue
        mine = fingerprint(picture)
        reason = fault(picture, resolution) or duplicate(mine, kept)
        if not reason:
            kept[name] = mine
        verdicts.append(Verdict(name, picture.size, reason))
    return verdicts


def fault(picture: Image.Image, resolution: int) -> str:
    """Why the picture itself cannot be trained on, or nothing."""
    if min(picture.size) < resolution * SMALLEST_SHARE:
        return f"tiny: {picture.width}x{picture.height} for a resolution of {resolution}"
    measured = blur(picture, resolution)
    return f"blurred: {measured:.2f} of 1" if measured >= BLURRED else ""


def duplicate(mine: Fingerprint, kept: dict[Path, Fingerprint]) -> str:
    """Which of the kept pictures this one repeats, or nothing."""
    return next((f"near-duplicate of {file}" for file, other in kept.items() if mine.is_near(other)), "")


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
        return f"no pictures: {', '.join(suffix[1:] for suffix in SUFFIXES)} are read"
    reasons = [verdict.reason.partition(":")[0].partition(" of ")[0] for verdict in verdicts if verdict.reason]
    counts = ", ".join(f"{reasons.count(reason)} {reason}" for reason in dict.fromkeys(reasons))
    good = len(verdicts) - len(reasons)
    return f"{good} of {len(verdicts)} pictures are good" + (f"; left out: {counts}" if counts else "")
