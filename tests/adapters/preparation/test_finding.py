"""What is taken for a picture in the folders that people have, and what is passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, features
from typer.testing import CliRunner

from adapters.cli.datasets import dataset_app
from adapters.preparation.checking import Choices, check_folder
from adapters.preparation.finding import contents, formats
from tests.adapters_kit.pictures import scene

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("a.jfif", "JPEG"),
        ("a.JPG", "JPEG"),
        ("a.tif", "TIFF"),
        ("a.TIFF", "TIFF"),
        ("a.bmp", "BMP"),
        ("a.gif", "GIF"),
        ("a.jp2", "JPEG2000"),
        ("a.tga", "TGA"),
        ("a.avif", "AVIF"),
        ("a.mpo", "MPO"),
        ("a.jpg", "WEBP"),
        ("IMG_0001", "PNG"),
        ("a.png.download", "PNG"),
    ],
)
def test_whatever_pillow_opens_is_read_under_any_name(tmp_path: Path, name: str, format_: str) -> None:
    if format_ == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    scene(1).save(
        tmp_path / name, format_, **({"save_all": True, "append_images": [scene(2)]} if format_ == "MPO" else {})
    )
    (verdict,) = check_folder(tmp_path, Choices(64)).verdicts
    assert (str(verdict.file), verdict.size, verdict.reason) == (name, (96, 96), "")
    assert verdict.notes == (("only the first of its 2 frames",) if format_ == "MPO" else ())


def test_of_an_animation_the_first_frame_is_taken_and_that_is_said(tmp_path: Path) -> None:
    frames = [scene(seed) for seed in (1, 2, 3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    (verdict,) = check_folder(tmp_path, Choices(64)).verdicts
    assert (verdict.reason, verdict.notes) == ("", ("only the first of its 3 frames",))


@pytest.mark.parametrize("name", ["photo.HEIC", "photo.heif", "photo.jpg", "photo"])
def test_a_heic_that_cannot_be_opened_is_counted_with_what_to_do(tmp_path: Path, name: str) -> None:
    if "HEIF" in formats():
        pytest.skip("a plugin reads HEIC here")
    (tmp_path / name).write_bytes(HEIC)
    scene(1).save(tmp_path / "good.png")
    done = CliRunner().invoke(dataset_app, ["check", str(tmp_path), "--resolution", "64"])
    said = "not opened: HEIC cannot be opened here; save it as JPEG or PNG, or pip install pillow-heif"
    assert f"left out: {name}: {said}" in done.output
    assert "1 of 2 pictures are good; 1 left out: 1 not opened" in done.output


@pytest.mark.parametrize("name", ["a.svg", "a.NEF", "a.xcf", "a.eps", "a.jxl"])
def test_pictures_of_other_programs_are_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (verdict,) = check_folder(tmp_path, Choices(64)).verdicts
    assert "cannot be opened here; save it as JPEG or PNG" in verdict.reason


def test_hidden_files_and_those_of_programs_are_passed_over_and_named(tmp_path: Path) -> None:
    for place in (".thumbnails", "__MACOSX", "more/@eaDir", "more"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        scene(1).save(tmp_path / place / "a.png")
    (tmp_path / "more" / "._a.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / "link").symlink_to(tmp_path / "more", target_is_directory=True)
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(32))
    inside = contents(tmp_path)
    assert [str(file) for file in inside.pictures] == ["more/a.png"]
    assert {str(other.path): other.reason for other in inside.passed_over} == {
        ".thumbnails": "hidden folder",
        "__MACOSX": "folder of a program's own files",
        "more/@eaDir": "folder of a program's own files",
        "more/._a.png": "written by macOS beside the file",
        "link": "link to a folder",
    }
    done = CliRunner().invoke(dataset_app, ["check", str(tmp_path), "--resolution", "64"])
    assert "passed over: .thumbnails: hidden folder" in done.output
    assert "passed over: film.mp4: no picture" in done.output
    assert "1 of 1 pictures are good" in done.output


def test_an_eps_under_another_name_is_not_given_to_ghostscript(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    (verdict,) = check_folder(tmp_path, Choices(64)).verdicts
    assert verdict.reason == "broken: not a picture that can be read"
