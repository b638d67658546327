"""``captions.csv`` as people and their spreadsheets write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.captions import CAPTIONS, DataError, Row, read_rows, read_table, write_rows
from adapters.training.data import read_examples


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    rows = [Row("0.png", 'a "red", deer', "test", "my pictures/deer.jpg"), Row("1.png", "")]
    write_rows(tmp_path, rows)
    assert read_rows(tmp_path) == rows


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffile,caption\r\n0.png,a deer\r\n",
        "file;caption;note\n0.png;a deer;mine\n\n",
        "File\tCaption\r\n0.png\ta deer\r\n",
        "file,caption\r0.png,a deer,,\r",
    ],
    ids=["bom", "semicolons", "tabs", "old-mac"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
def test_what_spreadsheets_write_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / CAPTIONS).write_bytes(text.removeprefix("\ufeff" * (encoding == "utf-16")).encode(encoding))
    assert read_rows(tmp_path) == [Row("0.png", "a deer")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"file,text\n0.png,a deer\n", "needs the columns file and caption"),
        (b"", "needs the columns file and caption"),
        (b"file,caption\n0.png,a\n1.png\n", "line 3: needs a file and a caption"),
        (b"file,caption\n,a\n", "line 2: needs a file and a caption"),
        (b"file,caption,split\n0.png,a,Test\n", "line 2: the split is 'Test', not train or test"),
        (b"file,caption\n0.png,caf\xe9\n", "not UTF-8"),
        (b"file,caption\n0.png,a\0\0\n", "not UTF-8|not text"),
        (
            b"file,caption\n0.png,a fox\n1.png,a fox, asleep\n",
            r"line 3: 3 columns where the head has 2; put .* in quotes",
        ),
        (b'file,caption\n0.png,"a fox\n1.png,a deer\n2.png,"a bird"\n', "line 2: a quotation mark is opened and not"),
        (b'file,caption\n0.png,a\n1.png,"a fox\n2.png,a deer\n', "line 3: a quotation mark is opened and not"),
        (b'file,caption\n0.png,"a fox\n1.png,a deer"\n2.png,\n', "line 2: a quotation mark is opened and not"),
        (b"file,caption\n0.png,a, b\n,c\n", "line 2: 3 columns .*; line 3: needs a file and a caption"),
    ],
)
def test_a_wrong_table_names_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_table(file)
    assert str(file) in str(caught.value)


def test_a_folder_without_a_table_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make a data set with: sanggar dataset prepare"):
        read_rows(tmp_path)


def test_a_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    write_rows(tmp_path, [Row("0.png", "a deer")])
    with pytest.raises(DataError, match=r"no file .*0\.png"):
        read_examples(tmp_path)
