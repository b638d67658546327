"""From a folder of odd pictures to a data set."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageFilter
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    BlipTextConfig,
    BlipVisionConfig,
)
from typer.testing import CliRunner

from adapters.captions import DataError, Row, read_rows, write_rows
from adapters.cli.datasets import dataset_app
from adapters.preparation.captioning import Captioner, fill_captions
from adapters.preparation.checking import Choices, blur, check_folder, summary
from adapters.preparation.preparing import prepare, split
from adapters.training.data import read_examples
from engine.files import make_own
from tests.adapters_kit.pictures import scene

CHOICES = Choices(64)


def hashes(folder: Path) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good pictures and one of each kind that is left out."""
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    scene(1).save(folder / "a.png")
    scene(2).save(folder / "more" / "b.webp", lossless=True)
    (folder / "a.txt").write_text("a quilt\nof colours\n")
    scene(1, 80).save(folder / "c-again.jpg", quality=70)
    scene(3, 24).save(folder / "d-tiny.png")
    scene(4).filter(ImageFilter.GaussianBlur(9)).save(folder / "e-blurred.png")
    (folder / "f-cut.jpeg").write_bytes((folder / "c-again.jpg").read_bytes()[:700])
    (folder / "g-broken.png").write_bytes(b"no picture at all")
    (folder / "notes.md").write_text("not a picture")
    return folder


def test_every_picture_that_is_left_out_has_its_reason(folder: Path) -> None:
    inspection = check_folder(folder, CHOICES)
    verdicts = {str(verdict.file): verdict.reason for verdict in inspection.verdicts}
    assert verdicts.pop("a.png") == verdicts.pop("more/b.webp") == ""
    assert verdicts.pop("c-again.jpg") == "near-duplicate of a.png"
    assert verdicts.pop("d-tiny.png").startswith("tiny: 24x24")
    assert verdicts.pop("e-blurred.png").startswith("blurred")
    assert verdicts.pop("f-cut.jpeg") == "broken: truncated"
    assert verdicts.pop("g-broken.png").startswith("broken: not a picture")
    assert not verdicts
    assert [(str(other.path), other.reason) for other in inspection.passed_over] == [("notes.md", "no picture")]
    said = "2 of 7 pictures are good; 5 left out: 1 near-duplicate, 1 tiny, 1 blurred, 2 broken"
    assert summary(inspection.verdicts) == said


def test_more_blur_measures_higher() -> None:
    measured = [blur(scene(5, 128).filter(ImageFilter.GaussianBlur(radius)), 128) for radius in (0, 2, 6)]
    assert measured == sorted(measured)
    assert measured[0] < 0.4 < measured[2]


def test_preparing_changes_nothing_in_the_folder(folder: Path, tmp_path: Path) -> None:
    before = hashes(folder)
    prepare(folder, tmp_path / "set", "quilt", CHOICES)
    assert hashes(folder) == before
    rows = read_rows(tmp_path / "set")
    assert rows == [
        Row("quilt-000.png", "a quilt of colours", "train", "a.png"),
        Row("quilt-001.png", "", "train", "more/b.webp"),
    ]
    with Image.open(tmp_path / "set" / "quilt-001.png") as picture:
        assert picture.size == (64, 64)
    assert (tmp_path / "set" / "contact-sheet.jpg").exists()
    left_out = (tmp_path / "set" / "left-out.csv").read_text().splitlines()
    assert left_out[:2] == ["file,reason", "c-again.jpg,near-duplicate of a.png"]
    assert len(left_out) == 6


def test_a_data_set_is_not_written_where_it_would_do_harm(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must not be changed"):
        prepare(folder, folder / "set", "quilt", CHOICES)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        prepare(folder, tmp_path / "full", "quilt", CHOICES)
    with pytest.raises(DataError, match="no picture can be used"):
        prepare(tmp_path / "full", tmp_path / "set", "quilt", CHOICES)


def test_captions_come_from_a_table(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("file,caption\na.png,first\nmore/b.webp,second\n")
    prepare(folder, tmp_path / "set", "quilt", CHOICES, table)
    assert [row.caption for row in read_rows(tmp_path / "set")] == ["first", "second"]
    table.write_text("name,text\na.png,first\n")
    with pytest.raises(DataError, match="columns file and caption"):
        prepare(folder, tmp_path / "other", "quilt", CHOICES, table)
    table.write_text("file,caption\na.jpg,first\n")
    with pytest.raises(DataError, match=r"none of its files is a picture in .*, such as a\.jpg"):
        prepare(folder, tmp_path / "other", "quilt", CHOICES, table)


@pytest.mark.parametrize("damage", ["text", "disk"])
def test_what_fails_half_way_leaves_nothing_and_can_be_done_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    target = tmp_path / "set"
    with monkeypatch.context() as patch:
        if damage == "text":
            (folder / "more" / "b.txt").write_bytes("caf\xe9".encode("latin-1"))
        else:
            patch.setattr("adapters.preparation.preparing.contact_sheet", failing)
        done = CliRunner().invoke(dataset_app, ["prepare", str(folder), str(target), "--resolution", "64"])
        assert done.exit_code == 1
        assert {"text": "b.txt: not UTF-8", "disk": "No space left"}[damage] in done.output
    assert not target.exists() or list(target.iterdir()) == []
    (folder / "more" / "b.txt").write_text("now it is", encoding="utf-8")
    prepare(folder, target, "quilt", CHOICES)
    assert [row.caption for row in read_rows(target)] == ["a quilt of colours", "now it is"]


def failing(pictures: Sequence[Image.Image]) -> Image.Image:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_a_kill_left_is_cleared_away(folder: Path, tmp_path: Path) -> None:
    make_own(tmp_path / "set" / ".unfinished")
    (tmp_path / "set" / ".unfinished" / "quilt-007.png").write_bytes(b"half")
    prepare(folder, tmp_path / "set", "quilt", CHOICES)
    assert sorted(file.name for file in (tmp_path / "set").iterdir()) == [
        "captions.csv",
        "contact-sheet.jpg",
        "left-out.csv",
        "quilt-000.png",
        "quilt-001.png",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "a/b"}, "cannot be a part of file names"),
        ({"name": ""}, "cannot be a part of file names"),
        ({"resolution": 60}, "must be a multiple of 8"),
    ],
)
def test_names_and_resolutions_that_cannot_be_are_refused(
    folder: Path, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    asked: dict[str, Any] = {"name": "quilt", "resolution": 64} | changed
    with pytest.raises(DataError, match=said):
        prepare(folder, tmp_path / "set", asked["name"], Choices(asked["resolution"]))
    assert not (tmp_path / "set").exists()


def test_a_set_prepared_where_one_stands_is_called_like_that_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quilts").mkdir()
    monkeypatch.chdir(tmp_path / "quilts")
    done = CliRunner().invoke(dataset_app, ["prepare", str(folder), ".", "--resolution", "64"])
    assert done.exit_code == 0, done.output
    assert [row.file for row in read_rows(Path())] == ["quilts-000.png", "quilts-001.png"]


def test_a_folder_without_pictures_says_what_is_read(tmp_path: Path) -> None:
    assert summary(check_folder(tmp_path, CHOICES).verdicts).startswith("no pictures: JPEG, PNG, WebP")


def test_a_split_holds_out_a_fifth_and_depends_on_the_seed_alone() -> None:
    rows = [Row(f"{number}.png", "") for number in range(50)]
    first, again, other = split(rows, 0.2, 777), split(rows, 0.2, 777), split(rows, 0.2, 778)
    assert first == again != other
    assert sum(row.split == "test" for row in first) == 10
    with pytest.raises(DataError, match="nothing to test"):
        split(rows[:2], 0.2, 777)


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BLIP of a few thousand weights that sees deer everywhere."""
    folder = tmp_path_factory.mktemp("blip")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "deer", "by", "river"]
    (folder / "vocab.txt").write_text("\n".join(words))
    tokenizer = BertTokenizer(str(folder / "vocab.txt"))
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = BlipTextConfig(
        vocab_size=10, bos_token_id=2, eos_token_id=3, sep_token_id=3, pad_token_id=0, encoder_hidden_size=16, **small
    )
    config = BlipConfig(
        text_config=text.to_dict(),
        vision_config=BlipVisionConfig(image_size=32, patch_size=16, **small).to_dict(),
        projection_dim=16,
        image_text_hidden_size=16,
    )
    model = BlipForConditionalGeneration(config)
    with torch.no_grad():
        model.text_decoder.cls.predictions.bias[words.index("deer")] = 100.0
    model.save_pretrained(folder)
    BlipProcessor(BlipImageProcessor(size={"height": 32, "width": 32}), tokenizer).save_pretrained(folder)
    return folder


def test_blip_captions_what_has_no_caption(blip: Path, tmp_path: Path) -> None:
    scene(1).save(tmp_path / "0.png")
    write_rows(tmp_path, [Row("0.png", ""), Row("0.png", "mine")])
    captioner = Captioner(str(blip))
    fill_captions(tmp_path, captioner.caption)
    first, second = read_rows(tmp_path)
    assert set(first.caption.split()) == {"deer"}
    assert second.caption == "mine"
    fill_captions(tmp_path, captioner.caption, anew=True)
    assert read_rows(tmp_path)[1].caption == first.caption


def test_captions_so_far_are_kept_when_captioning_stops(tmp_path: Path) -> None:
    write_rows(tmp_path, [Row("0.png", ""), Row("1.png", "")])

    def interrupted(file: Path) -> str:
        if file.name == "1.png":
            raise KeyboardInterrupt
        return "a deer"

    with pytest.raises(KeyboardInterrupt):
        fill_captions(tmp_path, interrupted)
    assert [row.caption for row in read_rows(tmp_path)] == ["a deer", ""]


def test_the_caption_command_asks_blip(blip: Path, folder: Path, tmp_path: Path) -> None:
    prepare(folder, tmp_path / "set", "quilt", CHOICES)
    done = CliRunner().invoke(dataset_app, ["caption", str(tmp_path / "set"), "--model", str(blip)])
    assert done.exit_code == 0, done.output
    assert [bool(row.caption) for row in read_rows(tmp_path / "set")] == [True, True]
    for model in (str(tmp_path), "./nowhere"):
        lost = CliRunner().invoke(dataset_app, ["caption", str(tmp_path / "set"), "--anew", "--model", model])
        assert lost.exit_code == 1
        assert f"{model}: no BLIP in a folder of this name" in lost.output


def test_where_the_hub_cannot_be_reached_that_is_said_at_once(folder: Path, tmp_path: Path) -> None:
    prepare(folder, tmp_path / "set", "quilt", CHOICES)
    command = [sys.executable, "-m", "bot.cli", "dataset", "caption", str(tmp_path / "set"), "--anew"]
    alone = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "cache")}
    lost = subprocess.run(command, env=alone, capture_output=True, text=True, timeout=100, check=False)
    assert lost.returncode == 1
    assert "none to be had from Hugging Face (http://127.0.0.1:9)" in " ".join(lost.stderr.split())
    assert "Retrying" not in lost.stderr


def test_the_commands_lead_to_a_set_to_train_on(folder: Path, tmp_path: Path) -> None:
    run, target = CliRunner(), tmp_path / "set"
    checked = run.invoke(dataset_app, ["check", str(folder), "--resolution", "64"])
    assert checked.exit_code == 0
    assert "2 of 7 pictures are good" in checked.output
    prepared = run.invoke(dataset_app, ["prepare", str(folder), str(target), "--resolution", "64"])
    assert "1 have no caption yet" in prepared.output
    assert run.invoke(dataset_app, ["split", str(target), "--test", "0.5"]).exit_code == 0
    assert len(read_examples(target)) == len(read_examples(target, "test")) == 1
    again = run.invoke(dataset_app, ["prepare", str(folder), str(target)])
    assert again.exit_code == 1
    assert "is not empty" in again.output
