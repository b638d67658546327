"""What captions say about scenes."""

from random import Random

import pytest

from engine.nano.classifier import SUBJECTS
from engine.nano.concepts import FAVOURITES, concepts, parse
from engine.nano.scene_captions import Scene, caption, strew
from engine.nano.vocabulary import COLOURS, PLACES

NAMES = [concept.name for concept in concepts()]
FOX = NAMES.index("fox")
BY_THE_RIVER = Scene(FOX, 0, "red", None, "river", "forest", "river", "night")


def said(scene: Scene, words: tuple[str, ...] = ()) -> list[str]:
    return [caption(scene, Random(seed), [*words, "aaa", "bbb", "ccc"]) for seed in range(200)]


def test_a_row_of_the_table_becomes_a_concept() -> None:
    concept = parse("4 | fox fox-face -noto | fox, red fox | rubah")
    assert concept.icons == ("fox", "fox-face")
    assert concept.left_out == ("noto",)
    assert (concept.name, concept.english, concept.indonesian) == ("fox", ("fox", "red fox"), ("rubah",))


def test_the_subjects_that_are_judged_are_drawn_more_often_than_any_other() -> None:
    weights = {concept.name: concept.weight for concept in concepts()}
    assert len(weights) == len(concepts())
    assert min(weights[subject] for subject in SUBJECTS) > max(
        weight for name, weight in weights.items() if name not in SUBJECTS
    )


@pytest.mark.parametrize("word", ["kancil", "rusa", "buaya", "harimau", "burung", "kastel", "gunung", "peri", "rubah"])
def test_the_ten_subjects_are_known_in_indonesian(word: str) -> None:
    owners = [concept.name for concept in concepts() if word in concept.indonesian]
    assert len(owners) == 1
    assert owners[0] in FAVOURITES


def test_no_name_means_two_subjects() -> None:
    names = [name for concept in concepts() for name in {*concept.english, *concept.indonesian}]
    assert sorted(names) == sorted(set(names))


def test_every_caption_names_its_subject_and_colour() -> None:
    for text in said(BY_THE_RIVER):
        assert "fox" in text or "rubah" in text
        assert "red" in text or "merah" in text


def test_captions_come_in_both_languages_and_usually_name_place_and_hour() -> None:
    texts = said(BY_THE_RIVER)
    assert 90 < sum("fox" in text for text in texts) < 160
    assert sum("river" in text or "water" in text or "sungai" in text for text in texts) > 150
    assert sum("night" in text or "moon" in text or "stars" in text for text in texts) > 60


def test_a_plain_background_is_named_by_its_colour() -> None:
    scene = Scene(FOX, 0, None, "blue", None, "open", "grass", "day")
    assert sum("blue" in text or "biru" in text for text in said(scene)) > 150


def test_a_picture_without_a_subject_names_the_place() -> None:
    scene = Scene(None, 0, None, None, "river", "forest", "river", "day")
    for text in said(scene):
        assert "river" in text or "sungai" in text
        assert "forest" in text or "hutan" in text


def test_strewn_words_keep_the_order_of_the_others() -> None:
    texts = [strew("a red fox", Random(seed), ["x", "y", "z"]) for seed in range(100)]
    assert {" ".join(word for word in text.split() if word not in "xyz") for text in texts} == {"a red fox"}
    assert 15 < sum(text != "a red fox" for text in texts) < 55


def test_places_and_colours_are_said_in_both_languages() -> None:
    assert all(place.english and place.indonesian for place in PLACES.values())
    assert len({indonesian for _, indonesian in COLOURS.values()}) == len(COLOURS)
