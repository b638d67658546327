"""Captions find their pictures, and those that find none are named."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.captions import DataError, Row, read_rows
from adapters.cli.datasets import dataset_app
from adapters.preparation.finding import contents
from adapters.preparation.matching import Captions, find_captions
from tests.adapters_kit.pictures import scene


def matched(folder: Path, table: str | None = None) -> Captions:
    """The captions of the folder, with a table of this text."""
    file = folder.parent / "table.csv"
    if table is not None:
        file.write_text(table, encoding="utf-8")
    return find_captions(folder, contents(folder), None if table is None else file)


def texts(captions: Captions) -> dict[str, str]:
    return {str(picture): caption.text for picture, caption in captions.by_picture.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them below another folder."""
    folder = tmp_path / "mine"
    (folder / "more").mkdir(parents=True)
    for number, name in enumerate(("fox.jpg", "café.png", "more/deer.png")):
        scene(number).save(folder / name)
    return folder


@pytest.mark.parametrize(
    "name", ["fox.txt", "fox.TXT", "Fox.txt", "fox.caption", "fox.jpg.txt", "fox.jpg.caption", "FOX.JPG.txt"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_text_file_beside_a_picture_is_its_caption(folder: Path, name: str, encoding: str) -> None:
    (folder / name).write_bytes("a red\r\nfox, asleep ü".encode(encoding))
    captions = matched(folder)
    assert texts(captions) == {"fox.jpg": "a red fox, asleep ü"}
    assert captions.files == {Path(name)}
    assert captions.remarks == ()


def test_a_text_file_is_found_however_its_accents_are_stored(folder: Path) -> None:
    (folder / (unicodedata.normalize("NFD", "café") + ".txt")).write_text("a cup")
    assert texts(matched(folder)) == {"café.png": "a cup"}


def test_a_table_is_matched_where_only_case_accents_or_slashes_differ(folder: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "café.png")
    captions = matched(folder, f"file,caption\nFOX.JPG,a fox\n{decomposed},a cup\n.\\more\\deer.png,a deer\n")
    assert texts(captions) == {"fox.jpg": "a fox", "café.png": "a cup", "more/deer.png": "a deer"}
    assert captions.remarks == (
        "table.csv, line 2: FOX.JPG is taken for fox.jpg",
        f"table.csv, line 3: {decomposed} is taken for café.png",
    )


def test_rows_that_name_no_picture_are_told_by_their_line(folder: Path) -> None:
    captions = matched(folder, 'file,caption\nfox.jpg,"a\nfox"\nfxo.jpg,a fox\nzebra.gif,a zebra\n')
    assert captions.remarks == (
        "table.csv, line 4: no picture fxo.jpg; is fox.jpg meant?",
        "table.csv, line 5: no picture zebra.gif",
    )


def test_two_captions_for_one_picture_are_told(folder: Path) -> None:
    (folder / "fox.txt").write_text("a cat")
    (folder / "more" / "deer.txt").write_text("a deer")
    (folder / "more" / "deer.caption").write_text("a stag")
    captions = matched(folder, "file,caption\nfox.jpg,a fox\nfox.jpg,a wolf\n")
    assert texts(captions) == {"fox.jpg": "a fox", "more/deer.png": "a deer"}
    assert captions.remarks == (
        "fox.jpg has two captions: that of table.csv, line 2 is taken, not that of table.csv, line 3",
        "fox.jpg has two captions: that of table.csv, line 2 is taken, not that of fox.txt",
        "more/deer.png has two captions: that of more/deer.txt is taken, not that of more/deer.caption",
    )


def test_a_name_in_several_folders_is_told(folder: Path) -> None:
    scene(9).save(folder / "more" / "fox.jpg")
    captions = matched(folder, "file,caption\nfox.jpg,a fox\n")
    assert texts(captions) == {"fox.jpg": "a fox"}
    (folder / "fox.jpg").rename(folder / "wolf.jpg")
    (folder / "others").mkdir()
    scene(8).save(folder / "others" / "fox.jpg")
    assert matched(folder).remarks == ()
    captions = matched(folder, "file,caption\nfox.jpg,a fox\n")
    assert captions.remarks == ("table.csv, line 2: fox.jpg stands for more/fox.jpg, others/fox.jpg",)


def test_a_text_file_fills_the_gap_of_a_table(folder: Path) -> None:
    (folder / "fox.txt").write_text("a fox")
    captions = matched(folder, "file,caption,split\nfox.jpg,,test\n")
    assert [(one.text, one.split) for one in captions.by_picture.values()] == [("a fox", "test")]


def test_the_split_of_a_table_is_kept_and_not_drawn_again_unasked(folder: Path, tmp_path: Path) -> None:
    table, target, run = tmp_path / "table.csv", tmp_path / "set", CliRunner()
    table.write_text("file,caption,split\nfox.jpg,a fox,test\ncafé.png,a cup,train\n", encoding="utf-8")
    prepare = ["prepare", str(folder), str(target), "--resolution", "64", "--captions", str(table)]
    done = run.invoke(dataset_app, prepare)
    assert "1 of them are held out for testing, as the column split of" in done.output
    assert {row.source: row.split for row in read_rows(target)} == {
        "café.png": "train",
        "fox.jpg": "test",
        "more/deer.png": "train",
    }
    again = run.invoke(dataset_app, ["split", str(target)])
    assert again.exit_code == 1
    assert "1 of 3 pictures are held out already; --anew chooses others" in again.output
    assert run.invoke(dataset_app, ["split", str(target), "--anew", "--test", "0.6"]).exit_code == 0
    assert sum(row.split == "test" for row in read_rows(target)) == 2


@pytest.mark.parametrize("split", ["val", "Test", "0.2"])
def test_another_split_than_train_and_test_is_refused(folder: Path, split: str) -> None:
    with pytest.raises(DataError, match=f"line 2: the split is '{split}', not train or test"):
        matched(folder, f"file,caption,split\nfox.jpg,a fox,{split}\n")


def test_the_remarks_are_shown_and_a_table_without_its_option_is_pointed_at(folder: Path, tmp_path: Path) -> None:
    (folder / "captions.csv").write_text("file,caption\nFox.jpg,a fox\n")
    run, command = CliRunner(), ["prepare", str(folder), str(tmp_path / "set"), "--resolution", "64"]
    shown = run.invoke(dataset_app, ["check", str(folder), "--resolution", "64"])
    assert "passed over: captions.csv: a table; --captions reads it" in shown.output
    done = run.invoke(dataset_app, [*command, "--captions", str(folder / "captions.csv")])
    assert "caption: captions.csv, line 2: Fox.jpg is taken for fox.jpg" in done.output
    assert "passed over" not in done.output
    assert Row("set-001.png", "a fox", "train", "fox.jpg") in read_rows(tmp_path / "set")
