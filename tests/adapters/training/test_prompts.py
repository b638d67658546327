"""What is trained on as text, and what is said of captions and sizes that are not as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from transformers import CLIPTokenizer
from typer.testing import CliRunner

from adapters.captions import DataError, read_rows, write_rows
from adapters.cli.adapters import train_command
from adapters.training.base import Base
from adapters.training.data import Example, read_examples
from adapters.training.loop import Stopped
from adapters.training.prompts import changed_since, prompted
from tests.adapters_kit.pictures import scene
from tests.adapters_kit.runs import LORA, after, finish, ignore, start, write_recipe
from tests.kit.models import write_tokenizer


@pytest.fixture
def tokenizer(tmp_path: Path) -> Any:
    write_tokenizer(tmp_path / "tokenizer")
    return CLIPTokenizer.from_pretrained(tmp_path / "tokenizer")


def said_by_training(recipe: Path, *options: str) -> str:
    """What the command prints."""
    app = typer.Typer()
    app.command()(train_command)
    folders = ["--dir", str(recipe.parent / "adapters"), "--work", str(recipe.parent / "work")]
    return CliRunner().invoke(app, [str(recipe), *folders, *options]).output


def test_trigger_words_come_after_every_caption(colours: Path, tokenizer: Any) -> None:
    examples, remarks = prompted(read_examples(colours), ("batik", "soft lines"), tokenizer)
    assert [one.caption for one in examples] == [f"a {one} wall, batik, soft lines" for one in ("red", "green", "blue")]
    assert remarks == ()


def test_a_picture_without_a_caption_is_trained_on_with_the_trigger_words_alone(tokenizer: Any) -> None:
    (example,), remarks = prompted([Example(Path("0.png"), " ")], ("batik", "wax"), tokenizer)
    assert example.caption == "batik, wax"
    assert remarks == ("1 of 1 pictures have no caption and are trained on with the trigger words alone: 0.png",)


def test_trigger_words_stay_where_the_caption_is_too_long(tokenizer: Any) -> None:
    long = " ".join(["wall"] * 30)
    (example,), (remark,) = prompted([Example(Path("a.png"), long)], ("batik", "wax"), tokenizer)
    assert example.caption.endswith("wall, batik, wax")
    assert len(tokenizer(example.caption).input_ids) <= tokenizer.model_max_length
    assert remark.startswith("1 of 1 pictures have captions that are longer than the text encoder reads")


def test_samples_are_drawn_with_the_trigger_words(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def draw(base: Base, prompts: Sequence[str], *how: object) -> list[Image.Image]:
        drawn.extend(prompts)
        return [scene(1, 64) for _ in prompts]

    monkeypatch.setattr(Base, "draw", draw)
    _, adapter = finish(write_recipe(colours, tiny, LORA + '[samples]\nprompts = ["a red fox"]\n', steps=1))
    assert drawn == ["a red fox, wall"] * 2
    assert "a red fox, wall" in (adapter.folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [('["wall"]', "the trigger words alone"), ("[]", "an empty prompt, for there are no trigger words")],
)
def test_training_without_captions_is_told(colours: Path, tiny: Path, words: str, said: str) -> None:
    write_rows(colours, [replace(row, caption="") for row in read_rows(colours)])
    recipe = write_recipe(colours, tiny, steps=1)
    recipe.write_text(recipe.read_text().replace('trigger_words = ["wall"]', f"trigger_words = {words}"))
    assert f"3 of 3 pictures have no caption and are trained on with {said}" in said_by_training(recipe)


def test_going_on_after_captions_changed_is_told(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny)
    with pytest.raises(Stopped):
        start(recipe).go(ignore, after(2))
    assert start(recipe, resume=True).remarks == ()
    rows = read_rows(colours)
    write_rows(colours, [replace(rows[0], caption="a crimson wall"), *rows[1:]])
    said = "changed since the run was saved, 1 in all: red.png; it goes on with those of now"
    assert said in said_by_training(recipe, "--resume")


def test_pictures_that_came_and_went_count_as_changed() -> None:
    examples = [Example(Path(f"{number}.png"), "a wall") for number in range(9)]
    (remark,) = changed_since({"old.png": "a wall"}, examples)
    assert "10 in all: 0.png, 1.png, 2.png, 3.png, 4.png and 5 more" in remark
    assert changed_since(None, examples) == ()


def test_pictures_that_were_prepared_smaller_than_they_are_trained_at_are_refused(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny)
    recipe.write_text(recipe.read_text().replace("resolution = 64", "resolution = 128"))
    with pytest.raises(
        DataError, match=r"all pictures are smaller than the 128x128 .* red\.png of 80x64; prepare them"
    ):
        start(recipe)
    assert not (recipe.parent / "work" / "walls").exists()
    scene(1, 128).save(colours / "blue.png")
    (remark,) = start(recipe).remarks
    assert remark.startswith("2 of 3 pictures are smaller than the 128x128 that they are trained at")
