"""The making of the shipped data sets, on icons drawn here, and the sets themselves."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from PIL import Image

from adapters.datasets import kancil, landscape, retro
from adapters.datasets.distinct import PATIENCE, Distinct
from adapters.datasets.make import HELD_OUT, STYLES, give_own_captions, write_dataset
from adapters.datasets.paint import Drawn, Sprites, standing
from adapters.preparation.checking import Choices, check_folder
from adapters.registry import SHIPPED
from adapters.training.data import read_examples
from engine.nano.compose import FEET, FILL
from engine.nano.concepts import concepts
from engine.nano.scenery import SIDE
from engine.nano.sprites import SETS


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Icon sets in which every icon is a leaf with a spot, somewhere else in each."""
    cache = tmp_path_factory.mktemp("icons")
    body = '<ellipse cx="8" cy="8" rx="2" ry="7" fill="#ffc83d"/><circle cx="{}" cy="{}" r="1" fill="#421"/>'
    subjects = {*kancil.SUBJECTS, *landscape.SUBJECTS, *retro.CHARACTERS}
    names = {icon for concept in concepts() if concept.name in subjects for icon in concept.icons}
    for icon_set in SETS:
        folder = cache / "node_modules" / "@iconify-json" / icon_set
        folder.mkdir(parents=True)
        spots = {name: divmod(crc32(f"{icon_set} {name}".encode()) % 30, 10) for name in names}
        icons = {name: {"body": body.format(7 + x, 3 + y)} for name, (x, y) in spots.items()}
        (folder / "icons.json").write_text(json.dumps({"prefix": icon_set, "icons": icons}))
    return cache


def test_subjects_are_as_large_and_stand_where_nano_knows_them(icons: Path) -> None:
    for sprite in Sprites(icons).of("deer"):
        left, top = standing(sprite)
        assert max(sprite.size) == round(FILL * SIDE)
        assert abs(2 * left + sprite.width - SIDE) <= 1
        assert top + sprite.height == FEET


@pytest.mark.parametrize("style", STYLES)
def test_drawing_twice_gives_the_same_pictures(style: str, icons: Path) -> None:
    first, second = (list(islice(STYLES[style].draw(Sprites(icons)), 6)) for _ in range(2))
    assert [drawn.caption for drawn in first] == [drawn.caption for drawn in second]
    pictures = [drawn.picture.tobytes() for drawn in first]
    assert pictures == [drawn.picture.tobytes() for drawn in second]
    assert len(set(pictures)) == 6


def test_a_picture_that_an_earlier_one_resembles_is_no_new_one() -> None:
    left, right = Image.new("RGB", (SIDE, SIDE)), Image.new("RGB", (SIDE, SIDE), "white")
    left.paste("white", (0, 0, SIDE // 2, SIDE))
    right.paste("black", (0, 0, SIDE // 2, SIDE))
    nearly = left.copy()
    nearly.paste("grey", (100, 100, 108, 108))
    distinct = Distinct()
    assert [distinct.is_new(Drawn(picture, "wall", "")) for picture in (left, right, nearly)] == [True, True, False]
    with pytest.raises(ValueError, match="100 drawings look like earlier ones, the last of a wall by the lake"):
        all(not distinct.is_new(Drawn(nearly, "wall", "by the lake")) for _ in range(PATIENCE))


def test_a_held_out_picture_whose_caption_training_has_gives_way_to_one_with_a_caption_of_its_own() -> None:
    noise = Random(5)

    def draw(subject: str, rest: str) -> Drawn:
        return Drawn(Image.frombytes("L", (SIDE, SIDE), noise.randbytes(SIDE * SIDE)).convert("RGB"), subject, rest)

    rows = [("deer", "in a meadow"), ("deer", "in a meadow"), ("deer", "by the lake"), ("deer", "by the lake")]
    drawn = [draw(*row) for row in [*rows, ("tiger", "in a meadow")]]
    before = list(drawn)
    places = iter(("in a meadow", "by the lake", "at night", "at night", "on a hill"))
    give_own_captions(drawn, {1, 2, 3, 4}, lambda subject: draw(subject, next(places)))
    captions = [
        "a deer in a meadow",
        "a deer on a hill",
        "a deer by the lake",
        "a deer at night",
        "a tiger in a meadow",
    ]
    assert [one.caption for one in drawn] == captions
    assert [one is other for one, other in zip(drawn, before, strict=True)] == [True, False, True, False, True]


def test_a_held_out_picture_gives_way_to_none_that_resembles_another() -> None:
    noise = Random(5)
    pictures = [Image.frombytes("L", (SIDE, SIDE), noise.randbytes(SIDE * SIDE)).convert("RGB") for _ in range(3)]
    drawn = [Drawn(pictures[number], "deer", "by the lake") for number in (0, 1)]
    others = [Drawn(pictures[number], "deer", "at night") for number in (0, 2)]
    offered = iter(others)
    give_own_captions(drawn, {1}, lambda _: next(offered))
    assert drawn[1] is others[1]


def test_what_is_written_can_be_trained_on(icons: Path, tmp_path: Path) -> None:
    write_dataset("landscape", Sprites(icons), tmp_path)
    assert len(read_examples(tmp_path)) == 40
    assert len(read_examples(tmp_path, "test")) == 10


@pytest.mark.parametrize("style", STYLES)
def test_training_has_no_caption_of_a_shipped_held_out_picture(style: str) -> None:
    training, held_out = (
        [example.caption for example in read_examples(SHIPPED / style / "dataset", split)]
        for split in ("train", "test")
    )
    assert not set(training) & set(held_out)
    assert len(set(held_out)) == HELD_OUT[style]


@pytest.mark.parametrize("style", STYLES)
def test_a_shipped_data_set_is_whole(style: str) -> None:
    folder = SHIPPED / style / "dataset"
    splits = {split: read_examples(folder, split) for split in ("train", "test")}
    assert {split: len(examples) for split, examples in splits.items()} == {
        "train": 50 - HELD_OUT[style],
        "test": HELD_OUT[style],
    }
    files = Counter(example.file for examples in splits.values() for example in examples)
    assert set(files) == set(folder.glob("*.webp"))
    assert max(files.values()) == 1
    for file in files:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode) == ((SIDE, SIDE), "RGB")
    assert check_folder(folder, Choices(SIDE)).left_out == []
