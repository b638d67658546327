"""An evaluation of a tiny adapter from end to end, and the verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapters.evaluation.evaluate import Evaluation, evaluate
from adapters.evaluation.metrics import Array
from adapters.evaluation.pictures import load_adapted
from adapters.evaluation.report import ROWS, as_json, write_json, write_page
from adapters.manifest import AdapterError
from tests.adapters_kit.runs import DREAMBOOTH, LORA, finish, write_recipe


class Colours:
    """Features are mean colours; a text's is grey."""

    name = "mean colours"

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        return np.stack([np.asarray(picture, dtype=np.float64).mean(axis=(0, 1)) + 1 for picture in pictures])

    def texts(self, texts: Sequence[str]) -> Array:
        return np.ones((len(texts), 3))


@pytest.fixture
def evaluation(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    monkeypatch.setattr("adapters.evaluation.pictures.STEPS", 2)
    table = colours / "captions.csv"
    table.write_text(table.read_text().replace("blue wall,train", "blue wall,test"))
    _, adapter = finish(write_recipe(colours, tiny, steps=2))
    return evaluate(adapter, colours, Colours(), seeds=2)


def test_the_held_out_captions_are_drawn_before_and_after(evaluation: Evaluation) -> None:
    assert evaluation.captions == ["a blue wall", "a white wall"]
    before, after = evaluation.drawn
    assert [len(grid) for grid in (before, after)] == [2, 2]
    assert before[0][0].tobytes() != after[0][0].tobytes()
    assert before[0][0].tobytes() != before[1][0].tobytes()


def test_the_report_holds_every_figure(evaluation: Evaluation, tmp_path: Path) -> None:
    write_json(evaluation, tmp_path / "report.json")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures == json.loads(json.dumps(as_json(evaluation)))
    for name in ("cmmd", "fid", "reference_similarity"):
        assert figures[f"{name}_ratio"] == pytest.approx(figures["after"][name] / figures["before"][name])
    assert figures["backbone"] == "mean colours"
    write_page(evaluation, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert all(title in page for title, _ in ROWS.values())
    assert page.count("data:image/png;base64,") == 6
    assert "http" not in page


def test_the_verdict_follows_the_figures(evaluation: Evaluation) -> None:
    before = replace(evaluation.before, cmmd=0.7, reference_similarity=0.3, nearest_training=0.2)
    good = replace(before, cmmd=0.5, reference_similarity=0.7)
    judged = replace(evaluation, before=before, after=good, held_out_nearest=0.9)
    assert judged.verdict == (
        "walls draws more like its pictures than the base does (CMMD x 0.71, similarity x 2.33); no over-fitting seen."
    )
    assert "not more like" in replace(judged, after=before).verdict
    assert "by heart" in replace(judged, after=replace(good, nearest_training=0.95)).verdict


@pytest.mark.parametrize("method", [LORA, DREAMBOOTH.format(l2=0)], ids=["lora", "dreambooth"])
def test_an_adapter_changes_what_is_drawn_and_only_on_its_kind_of_model(
    colours: Path, tiny: Path, tiny_epsilon: Path, method: str
) -> None:
    _, adapter = finish(write_recipe(colours, tiny, method, steps=2))
    pictures = [load_adapted(which, str(tiny)).draw(["a wall"], 1, 2, 3.0)[0].tobytes() for which in (None, adapter)]
    assert pictures[0] != pictures[1]
    with pytest.raises(AdapterError, match="predicts v_prediction, the model epsilon"):
        load_adapted(adapter, str(tiny_epsilon))
