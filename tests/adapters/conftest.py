"""The tiny models, and a data set of plain colours."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.kit.models import write_tiny

COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (40, 60, 220), "white": (240, 240, 240)}


@pytest.fixture(autouse=True)
def repeatable() -> None:
    """The same random numbers in every run, whatever ran before."""
    torch.manual_seed(777)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with v-prediction."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_epsilon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with epsilon prediction."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny-epsilon", "epsilon")


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Four pictures of one colour each, captioned with its name; the white one is held out."""
    folder = tmp_path / "colours"
    folder.mkdir()
    with (folder / "captions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "caption", "split"))
        for name, colour in COLOURS.items():
            Image.new("RGB", (80, 64), colour).save(folder / f"{name}.png")
            writer.writerow((f"{name}.png", f"a {name} wall", "test" if name == "white" else "train"))
    return folder
