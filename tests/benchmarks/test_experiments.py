"""The experiments of ``benchmarks.experiments``: figures are kept, an interrupted one goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from adapters.evaluation.evaluate import Grid
from adapters.manifest import AdapterError
from adapters.training.base import Base
from adapters.training.recipe import read_recipe
from benchmarks.experiments import guidance, inference_steps, negative
from benchmarks.experiments.__main__ import main
from benchmarks.experiments.experiment import Training
from benchmarks.experiments.judging import Drawing, Size
from benchmarks.experiments.record import Record, Row, Strip, by_seed, forget, write_page
from tests.adapters_kit.runs import finish, write_recipe

ABOUT = {"experiment": "guidance", "title": "Guidance.", "study": "none"}
SETTINGS = {"scale": 0.5, "nano": "abc"}


class Stopping:
    """A judge and its room; drawing stops the program once ``pictures`` sets were drawn."""

    pictures = 2

    def __init__(self, record: Record, stop_after: int) -> None:
        self.record, self.size = record, Size(0.5)
        self.drawn: list[Drawing] = []
        self._left = stop_after

    def judge(self, style: str) -> Stopping:
        self.record.judged = "Judged by two captions."
        return self

    def adapted(self, style: str) -> Base | None:
        return None

    def draw(self, base: Base, how: Drawing) -> Grid:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        self.drawn.append(how)
        return [[Image.new("RGB", (8, 8), (40 * len(self.record.rows),) * 3)] * 2]

    def strip(self, grid: Grid) -> Strip:
        return Strip(["a fox", "a deer"], grid[0])

    def score(self, grid: Grid, *names: str) -> Row:
        score = 0.25 * len(self.record.rows)
        return dict.fromkeys(names, score) | {by_seed(name): [score - 0.125, score + 0.125] for name in names}

    def scores(self, base: Base, *names: str, how: Drawing) -> tuple[Row, Strip]:
        grid = self.draw(base, how)
        return self.score(grid, *names), self.strip(grid)


@pytest.mark.parametrize(("experiment", "rows"), [(guidance, 5), (inference_steps, 5), (negative, 3)], ids=str)
def test_an_interrupted_experiment_measures_only_what_is_missing(experiment: Any, rows: int, tmp_path: Path) -> None:
    file = tmp_path / "results" / "some.json"
    first = Stopping(Record.open(file, SETTINGS, ABOUT), stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        experiment.measure(first)
    second = Stopping(Record.open(file, SETTINGS, ABOUT), stop_after=rows)
    experiment.measure(second)
    assert len(first.drawn + second.drawn) == len({*first.drawn, *second.drawn}) == rows
    written = json.loads(file.read_text())
    assert list(written["rows"].values()) == list(second.record.rows.values())
    assert all("the study" in row for row in written["rows"].values())
    assert written["seconds"] > 0
    assert written["study"] == "none"
    assert written["judged"] == "Judged by two captions."
    assert list(written["strips"]) == list(written["rows"])
    for number, strip in enumerate(written["strips"].values()):
        with Image.open(file.parent / strip["file"]) as shown:
            assert shown.size == (28, 16)  # with a margin of 4
            assert abs(shown.getpixel((20, 8))[0] - 40 * number) < 4  # type: ignore[index]


def test_what_a_negative_prompt_gains_is_told_against_none(tmp_path: Path) -> None:
    room = Stopping(Record.open(tmp_path / "some.json", SETTINGS, ABOUT), stop_after=3)
    negative.measure(room)  # type: ignore[arg-type]
    assert [row["gain"] for row in room.record.rows.values()] == [0.0, 0.25, 0.5]
    assert [row[by_seed("gain")] for row in room.record.rows.values()] == [[0.0, 0.0], [0.25, 0.25], [0.5, 0.5]]


def test_rows_of_other_settings_are_not_gone_on_with(tmp_path: Path) -> None:
    Record.open(tmp_path / "some.json", SETTINGS, ABOUT).add("first", {"cmmd": 0.5})
    with pytest.raises(AdapterError, match=r"measured otherwise \(nano abc, now xyz\): say --anew"):
        Record.open(tmp_path / "some.json", SETTINGS | {"nano": "xyz"}, ABOUT)


def test_the_page_has_a_table_and_the_study_for_each_experiment_that_was_run(tmp_path: Path) -> None:
    record = Record.open(tmp_path / "guidance.json", SETTINGS, ABOUT)
    strip = Strip(["a fox", "a deer"], [Image.new("RGB", (8, 8))] * 2)
    record.judged = "Judged by two captions, one of which a training picture has too."
    row = {"guidance scale": 5, "cmmd": 0.51239, by_seed("cmmd"): [0.5, 0.6, 0.7], "loss": 0.25, "the study": "freer"}
    record.add("scale 5.5", row, strip)
    Record.open(tmp_path / "l2.json", SETTINGS, ABOUT | {"title": "Nothing yet."})
    write_page(tmp_path, ["l2", "guidance", "steps"])
    page = (tmp_path / "README.md").read_text()
    assert (
        "| guidance scale | cmmd | loss | the study |\n|---|---|---|---|\n| 5 | 0.512 ± 0.100 | 0.250 | freer |" in page
    )
    assert "\n\nJudged by two captions, one of which a training picture has too.\n\nThe study" in page
    assert "|  | a fox; a deer |\n|---|---|\n| scale 5.5 | ![a fox; a deer](guidance/scale-5-5.webp) |" in page
    assert "## Guidance." in page
    assert "The study: none." in page
    assert "Nothing yet." not in page


def test_training_goes_on_from_its_last_stage(colours: Path, tiny: Path, tmp_path: Path) -> None:
    recipe = write_recipe(colours, tiny, learning_rate=1e-3)
    straight, _ = finish(recipe)
    stages = [Training(read_recipe(recipe), colours, tmp_path / "run") for _ in range(2)]
    assert stages[0].pictures == 3
    assert len(stages[0].after(2).losses) == 2
    run = stages[1].after(2)
    assert run.losses == straight.losses[:2]
    assert stages[1].after(6).losses == straight.losses
    assert stages[1].after(6) is run


def test_measuring_anew_and_working_leave_the_files_of_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "data" / "sanggar.db"
    theirs.parent.mkdir()
    theirs.write_bytes(b"database")
    for options in ([], ["--anew"]):
        monkeypatch.setattr(
            "sys.argv", ["experiments", "data", "--work", str(tmp_path), "--folder", str(tmp_path), *options]
        )
        with pytest.raises(SystemExit, match="was not made by this command"):
            main()
    assert theirs.read_bytes() == b"database"


def test_forgetting_a_record_deletes_its_own_pictures_alone(tmp_path: Path) -> None:
    file = tmp_path / "guidance.json"
    record = Record.open(file, SETTINGS, ABOUT)
    record.add("1", {"scale": 1}, Strip(["a fox"], [Image.new("RGB", (8, 8))]))
    (tmp_path / "guidance" / "notes.txt").write_text("mine")
    forget(file)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["guidance", "notes.txt"]
