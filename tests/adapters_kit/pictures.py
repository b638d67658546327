"""Pictures to prepare."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (40, 60, 220), "white": (240, 240, 240)}


def scene(seed: int, side: int = 96) -> Image.Image:
    """Sharp patches of random colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((side, side), Image.Resampling.NEAREST)


def write_colours(folder: Path) -> Path:
    """Four pictures of one colour each, captioned with its name; the white one is held out."""
    folder.mkdir()
    with (folder / "captions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "caption", "split"))
        for name, colour in COLOURS.items():
            Image.new("RGB", (80, 64), colour).save(folder / f"{name}.png")
            writer.writerow((f"{name}.png", f"a {name} wall", "test" if name == "white" else "train"))
    return folder
