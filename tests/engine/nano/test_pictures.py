"""Drawn scenery and composed training pictures."""

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine.nano import compose, dataset, sprites
from engine.nano.classifier import SUBJECTS, Classifier, features, load_classifier
from engine.nano.compose import choose, draw, tint
from engine.nano.concepts import concepts
from engine.nano.dataset import SceneSampler, load_dataset, noise_words
from engine.nano.ground import ENCLOSED, GROUNDS, draw_scene
from engine.nano.judge import background_colour, subject_colour
from engine.nano.scene_captions import Scene
from engine.nano.scenery import FAR, HOURS
from engine.nano.sprites import SpritesMissingError, draw_icon, fetch_sets
from engine.nano.vocabulary import COLOURS, PLACES

PLAIN = Scene(0, 0, None, "white", None, "open", "grass", "day")


@pytest.fixture
def sprite() -> Image.Image:
    """A round creature, light above and dark below."""
    body = Image.linear_gradient("L").resize((60, 60))
    shape = Image.new("L", body.size)
    ImageDraw.Draw(shape).ellipse((0, 0, 59, 59), fill=255)
    return Image.merge("RGBA", (body, body, body, shape))


def mean(picture: Image.Image) -> list[float]:
    return [float(value) for value in np.asarray(picture, float).mean((0, 1))]


def test_the_same_seed_draws_the_same_scene_and_another_seed_another() -> None:
    one, same, other = (np.asarray(draw_scene(Random(seed), "forest", "river", "day")) for seed in (1, 1, 2))
    assert one.shape == (128, 128, 3)
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(("far", "ground"), list(product(FAR, GROUNDS)))
def test_every_landscape_is_darkest_at_night_and_warmest_at_sunset(far: str, ground: str) -> None:
    day, sunset, night = (mean(draw_scene(Random(3), far, ground, hour)) for hour in HOURS)
    assert sum(night) < sum(sunset) < sum(day)
    assert sunset[0] - sunset[2] > day[0] - day[2]


@pytest.mark.parametrize("place", ENCLOSED)
def test_enclosed_places_have_no_hour(place: str) -> None:
    day, night = (np.asarray(draw_scene(Random(3), "open", place, hour)) for hour in ("day", "night"))
    assert (day == night).all()


def test_every_place_can_be_drawn() -> None:
    for place in PLACES.values():
        for far, ground in product(place.far, place.grounds):
            assert far in FAR
            assert ground in GROUNDS or ground in ENCLOSED


@pytest.mark.parametrize("colour", COLOURS)
def test_a_tinted_subject_and_a_plain_background_have_the_named_colours(colour: str, sprite: Image.Image) -> None:
    shade = "white" if colour != "white" else "blue"
    picture = draw(replace(PLAIN, colour=colour, shade=shade), [sprite], Random(5))
    assert background_colour(picture) == shade
    assert subject_colour(picture) == colour


def test_a_tint_keeps_light_above_dark_and_the_outline(sprite: Image.Image) -> None:
    red = tint(sprite, COLOURS["red"][0])
    before, after = (np.asarray(picture.convert("L"), float) for picture in (sprite, red))
    assert (before[40, 30] > before[20, 30]) == (after[40, 30] > after[20, 30])
    assert (np.asarray(red.getchannel("A")) == np.asarray(sprite.getchannel("A"))).all()


def test_the_subject_fills_more_than_half_of_the_frame(sprite: Image.Image) -> None:
    for seed in range(20):
        picture = np.asarray(draw(replace(PLAIN, colour="black"), [sprite], Random(seed)), float)
        rows = np.flatnonzero((picture.mean(-1) < 150).any(1))
        assert 0.5 * 128 < rows[-1] - rows[0] + 1 < 128


def test_chosen_scenes_cover_places_hours_colours_and_all_sprites() -> None:
    rng = Random(0)
    scenes = [choose(rng, [2] * len(concepts())) for _ in range(3000)]
    assert {scene.place for scene in scenes} == {*PLACES, None}
    assert {scene.hour for scene in scenes} == set(HOURS)
    assert {scene.colour for scene in scenes} == {*COLOURS, None}
    assert {scene.sprite for scene in scenes} == {0, 1}
    assert all(scene.colour != scene.shade for scene in scenes if scene.shade)


@pytest.fixture
def few_concepts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first five rows of the table."""
    few = concepts()[:5]
    for module in (dataset, compose):
        monkeypatch.setattr(module, "concepts", lambda: few)


def icon_sets(body: str) -> dict[str, Any]:
    names = {icon for concept in concepts() for icon in concept.icons}
    return {name: {"width": 8, "height": 8, "icons": {icon: {"body": body} for icon in names}} for name in sprites.SETS}


def test_an_icon_is_cropped_to_what_it_shows() -> None:
    drawn = draw_icon({"icons": {"dot": {"body": '<circle cx="4" cy="4" r="2"/>'}}, "width": 8, "height": 8}, "dot")
    assert drawn is not None
    assert drawn.size == (64, 64)


def test_framed_scenes_and_absent_icons_are_left_out() -> None:
    icons = {"icons": {"framed": {"body": '<rect width="8" height="8"/>'}}, "width": 8, "height": 8}
    assert draw_icon(icons, "framed") is None
    assert draw_icon(icons, "absent") is None


@pytest.mark.usefixtures("few_concepts")
def test_a_studio_draws_the_same_chunk_again() -> None:
    studio = SceneSampler(icon_sets('<circle cx="4" cy="4" r="3" fill="red"/>'))
    pixels, scenes = studio.chunk(7, 5)
    again, same = studio.chunk(7, 5)
    assert pixels.shape == (5, 128, 128, 3)
    assert (pixels == again).all()
    assert scenes == same


@pytest.mark.usefixtures("few_concepts")
def test_a_studio_refuses_a_concept_that_no_icon_shows() -> None:
    sets = icon_sets('<circle cx="4" cy="4" r="3"/>')
    for icons in sets.values():
        del icons["icons"]["deer"]
    with pytest.raises(ValueError, match="deer"):
        SceneSampler(sets)


def test_the_features_see_shapes_and_neither_colour_nor_brightness(sprite: Image.Image) -> None:
    plain = Image.new("RGB", (64, 64), "white")
    round_, recoloured = (plain.copy() for _ in range(2))
    round_.paste((200, 0, 0), (2, 2), sprite.getchannel("A"))
    recoloured.paste((0, 0, 200), (2, 2), sprite.getchannel("A"))
    square = plain.copy()
    square.paste((200, 0, 0), (2, 2, 62, 62))
    same, other, other_shape = features([round_, recoloured, square])
    assert np.linalg.norm(same - other) < 0.2 * np.linalg.norm(same - other_shape)
    assert features([plain])[0, :-1].max() == 0


def test_a_classifier_takes_the_highest_score_and_comes_back_from_disk(tmp_path: Path, sprite: Image.Image) -> None:
    picture = Image.new("RGB", (64, 64), "white")
    picture.paste((0, 0, 0), (2, 2), sprite.getchannel("A"))
    weights = np.zeros((features([picture]).shape[1], len(SUBJECTS)))
    weights[:, SUBJECTS.index("volcano")] = 1
    classifier = Classifier(weights)
    assert classifier.best([picture, picture]) == ["volcano", "volcano"]
    classifier.save(tmp_path / "classifier.safetensors")
    assert (load_classifier(tmp_path / "classifier.safetensors").weights == weights).all()


def test_the_shipped_classifier_fits_the_features_and_the_subjects() -> None:
    assert load_classifier().weights.shape == (features([Image.new("RGB", (64, 64))]).shape[1], len(SUBJECTS))


def test_without_npm_it_says_which_packages_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SpritesMissingError, match=r"npm is not installed.*@iconify-json/noto"):
        fetch_sets(tmp_path)


def test_where_npm_fails_it_says_what_could_not_be_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))
    with pytest.raises(SpritesMissingError, match=r"could not fetch @iconify-json/noto"):
        fetch_sets(tmp_path / "cache")


def test_where_icons_cannot_be_drawn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(SpritesMissingError, match=r"make dev"):
        draw_icon({"icons": {}}, "absent")


def test_noise_words_name_no_concept() -> None:
    vocabulary = {"fox</w>": 1, "river": 2, "gadget</w>": 3, "a</w>": 4, "x9z</w>": 5}
    assert noise_words(vocabulary) == ["gadget"]


def test_a_dataset_comes_back_from_disk(tmp_path: Path) -> None:
    np.save(tmp_path / "pictures.npy", np.zeros((1, 64, 64, 3), np.uint8))
    (tmp_path / "scenes.json").write_text(
        '[{"concept": 3, "sprite": 1, "colour": null, "shade": "red", "place": null, '
        '"far": "open", "ground": "grass", "hour": "day"}]'
    )
    pixels, scenes = load_dataset(tmp_path)
    assert pixels.shape == (1, 64, 64, 3)
    assert scenes == [Scene(3, 1, None, "red", None, "open", "grass", "day")]
