"""Which of several copies is kept, and what is told of pictures that are far from square, small or misty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from typer.testing import CliRunner

from adapters.captions import DataError, read_rows
from adapters.cli.datasets import dataset_app
from adapters.preparation.checking import Choices, Verdict, check_folder
from adapters.preparation.preparing import prepare
from tests.adapters_kit.pictures import scene

CHOICES = Choices(64)


def found(folder: Path, choices: Choices = CHOICES) -> dict[str, Verdict]:
    return {str(verdict.file): verdict for verdict in check_folder(folder, choices).verdicts}


def test_of_duplicates_the_largest_is_kept_whatever_its_name(tmp_path: Path) -> None:
    scene(1, 96).save(tmp_path / "a-copy.jpg", quality=80)
    scene(1, 384).save(tmp_path / "b-original.png")
    scene(1, 192).save(tmp_path / "c.webp", lossless=True)
    verdicts = found(tmp_path)
    assert {name: verdict.reason for name, verdict in verdicts.items()} == {
        "a-copy.jpg": "near-duplicate of b-original.png",
        "b-original.png": "",
        "c.webp": "near-duplicate of b-original.png",
    }


def test_of_equal_duplicates_the_one_with_a_caption_then_the_shorter_path_is_kept(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name in ("a-long-name.png", "z.png", "far/a.png"):
        scene(1).save(tmp_path / name)
    assert [name for name, verdict in found(tmp_path).items() if not verdict.reason] == ["z.png"]
    (tmp_path / "far" / "a.txt").write_text("a quilt")
    assert [name for name, verdict in found(tmp_path).items() if not verdict.reason] == ["far/a.png"]


def test_the_caption_of_a_copy_goes_to_the_picture_that_is_kept(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    scene(1, 96).save(tmp_path / "mine" / "a.png")
    scene(1, 192).save(tmp_path / "mine" / "b.png")
    (tmp_path / "mine" / "a.txt").write_text("a quilt")
    kept = found(tmp_path / "mine")["b.png"]
    assert kept.notes == ("its caption is that of a.png, which is left out",)
    prepare(tmp_path / "mine", tmp_path / "set", "quilt", CHOICES)
    assert [(row.source, row.caption) for row in read_rows(tmp_path / "set")] == [("b.png", "a quilt")]
    (tmp_path / "mine" / "b.txt").write_text("my quilt")
    kept = found(tmp_path / "mine")["b.png"]
    assert (kept.caption and kept.caption.text, kept.notes) == ("my quilt", ())


@pytest.mark.parametrize(
    ("shape", "reason", "note"),
    [
        ("crop", "", "71% of it is cut off, for it has 112x380"),
        ("pad", "", "71% of the square is white, for it has 112x380"),
        ("skip", "far from square: 112x380", ""),
    ],
)
def test_what_becomes_of_a_picture_far_from_square_is_chosen_and_told(
    tmp_path: Path, shape: str, reason: str, note: str
) -> None:
    (tmp_path / "mine").mkdir()
    scene(1, 380).crop((0, 0, 112, 380)).save(tmp_path / "mine" / "tall.png")
    scene(2, 96).save(tmp_path / "mine" / "square.png")
    target = tmp_path / "set"
    command = ["prepare", str(tmp_path / "mine"), str(target), "--resolution", "64", "--shape", shape]
    done = CliRunner().invoke(dataset_app, command)
    assert done.exit_code == 0, done.output
    assert f"tall.png (112x380): {note or reason}" in done.output
    pictures = {row.source: target / row.file for row in read_rows(target)}
    assert set(pictures) == ({"square.png"} if shape == "skip" else {"square.png", "tall.png"})
    if shape == "pad":
        with Image.open(pictures["tall.png"]) as padded:
            columns = np.asarray(padded).reshape(64, 64, 3)
        assert (columns[:, :18] == 255).all()
        assert (columns[:, -18:] == 255).all()
        assert not (columns[:, 24:40] == 255).all()


def test_a_picture_that_is_nearly_square_is_not_worth_a_note(tmp_path: Path) -> None:
    scene(1, 120).crop((0, 0, 120, 90)).save(tmp_path / "photo.png")
    assert found(tmp_path)["photo.png"].notes == ()


def test_a_picture_that_must_be_enlarged_is_told(tmp_path: Path) -> None:
    scene(1, 48).save(tmp_path / "small.png")
    assert found(tmp_path)["small.png"].notes == ("enlarged from 48x48",)


@pytest.mark.parametrize("wanted", ["mist.png", "mist*.png", "hills/mist.png"])
def test_a_misty_picture_is_kept_if_it_is_named(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "hills").mkdir()
    scene(4).filter(ImageFilter.GaussianBlur(9)).save(tmp_path / "hills" / "mist.png")
    scene(5).filter(ImageFilter.GaussianBlur(9)).save(tmp_path / "shaky.png")
    run, command = CliRunner(), ["check", str(tmp_path), "--resolution", "64"]
    assert "kept by --keep FILE" in run.invoke(dataset_app, command).output
    kept = run.invoke(dataset_app, [*command, "--keep", wanted])
    assert "note: hills/mist.png (96x96): kept although blurred" in kept.output
    assert "left out: shaky.png (96x96): blurred" in kept.output
    assert "1 of 2 pictures are good" in kept.output


def test_tiny_pictures_and_copies_are_kept_if_they_are_named_but_nothing_broken(tmp_path: Path) -> None:
    scene(1).save(tmp_path / "a.png")
    scene(1).save(tmp_path / "again.png")
    scene(2, 20).save(tmp_path / "tiny.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    verdicts = found(tmp_path, Choices(64, keep=("*",)))
    assert [name for name, verdict in verdicts.items() if verdict.reason] == ["broken.png"]
    assert verdicts["again.png"].notes == ("kept although near-duplicate of a.png",)
    with pytest.raises(DataError, match=r"--keep mist\.png: no picture of this name"):
        check_folder(tmp_path, Choices(64, keep=("mist.png",)))


def test_where_nothing_can_be_used_every_reason_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "broken.png").write_bytes(b"nothing")
    scene(2, 20).save(tmp_path / "mine" / "tiny.png")
    done = CliRunner().invoke(dataset_app, ["prepare", str(tmp_path / "mine"), str(tmp_path / "set")])
    assert done.exit_code == 1
    assert "broken.png: broken: not a picture that can be read" in done.output
    assert "tiny.png: tiny: 20x20 for a resolution of 512" in done.output
