"""The reports of the shipped adapters, made of a tiny one: every link leads somewhere."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.evaluation import shipped
from adapters.registry import Adapter
from tests.adapters_kit.runs import finish, write_recipe


@dataclass
class One:
    """A registry of one adapter."""

    adapter: Adapter

    def list(self) -> list[Adapter]:
        return [self.adapter]


@pytest.fixture
def one(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    """A trained adapter with its data set beside it, in place of the shipped ones."""
    monkeypatch.setattr("adapters.evaluation.pictures.STEPS", 2)
    table = colours / "captions.csv"
    table.write_text(table.read_text().replace("blue wall,train", "blue wall,test"))
    _, adapter = finish(write_recipe(colours, tiny, steps=2))
    shutil.copytree(colours, adapter.folder / "dataset")
    monkeypatch.setattr(shipped, "Registry", lambda folders: One(adapter))
    return adapter


def test_every_report_is_linked_and_there(one: Adapter, tmp_path: Path) -> None:
    folder = tmp_path / "docs" / "adapters"
    shipped.main(folder, seeds=2)
    table = (folder / "reports.md").read_text()
    linked = re.findall(r"\]\((.+?)\)", table)
    assert linked == ["walls.md", "walls.html", "walls.json"]
    figures = json.loads((folder / "walls.json").read_text())
    assert all(f"{figures['changes'][name]['mean']:+.3f} ± " in table for name in ("cmmd", "fid", "clip_score"))
    assert figures["verdict"] in table
    pictures = re.findall(r"\]\((.+?)\)", (folder / "walls.md").read_text())
    assert {file.name for file in folder.iterdir()} == {"reports.md", *linked, *pictures}


def test_without_matplotlib_no_plot_is_linked(one: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    shipped.main(tmp_path / "reports", seeds=2)
    text = (tmp_path / "reports" / "walls.md").read_text()
    assert re.findall(r"\]\((.+?)\)", text) == ["walls-side-by-side.webp"]
    assert "\n\n\n" not in text
