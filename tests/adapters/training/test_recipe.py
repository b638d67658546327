"""Recipes: what is refused, and that the shipped ones say what they should."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from adapters.registry import SHIPPED
from adapters.training.recipe import Recipe, RecipeError, data_folder, read_recipe

GOOD = """
base_model = "nano"
[adapter]
name = "walls"
title = "Walls"
licence = "MIT"
[data]
folder = "pictures"
resolution = 64
[lora]
rank = 4
[training]
epochs = 3
batch_size = 4
learning_rate = 1e-3
"""
PAGE = Path(__file__).parents[3] / "docs" / "adapters" / "making.md"
LINE = re.compile(r"^\| (?P<keys>`[^|]+`) \|(?P<default>[^|]*)\| [^|]+ \|$", re.MULTILINE)


def keys_of(table: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a recipe with its table, and what it is if it is left out; ``...`` if it must be there."""
    for name, field in table.model_fields.items():
        kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not NoneType]
        below = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        if below:
            yield from keys_of(below, f"{before}{name}.")
        else:
            yield f"{before}{name}", ... if field.is_required() else field.default


def test_the_page_names_every_key_of_a_recipe_and_what_it_is_if_it_is_left_out() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Every key of a recipe")[2].partition("\n## ")[0]
    described = {}
    for line in LINE.finditer(page):
        default = line["default"].strip(" `")
        for key in re.findall(r"`([^`]+)`", line["keys"]):
            described[key] = ... if default == "needed" else tomllib.loads(f"x = {default}")["x"] if default else None
    expected = {key: list(value) if isinstance(value, tuple) else value for key, value in keys_of(Recipe)}
    assert described == expected


def test_epochs_become_steps(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(GOOD)
    recipe = read_recipe(tmp_path / "recipe.toml")
    assert recipe.steps(50) == 38
    assert data_folder(recipe, tmp_path / "recipe.toml") == tmp_path / "pictures"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("rank = 4", "rank = 0", "lora.rank"),
        ("[lora]\nrank = 4", "", "exactly one of the tables lora and dreambooth"),
        ("epochs = 3", "epochs = 3\nsteps = 3", "exactly one of steps and epochs"),
        ("resolution = 64", "resolution = 63", "data.resolution"),
        ("batch_size = 4", "batch = 4", "training.batch"),
        ('name = "walls"', 'name = "../walls"', "adapter.name"),
        ("rank = 4", "rank = ", "not TOML"),
        ("[data]", '[adapter.style]\ncommand = "quota"\n[data]', "adapter.style.command: /quota is a command"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_field(tmp_path: Path, before: str, after: str, said: str) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(GOOD.replace(before, after))
    with pytest.raises(RecipeError, match=said) as caught:
        read_recipe(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("style", ["kancil", "retro", "landscape"])
def test_the_shipped_recipes_can_be_read(style: str) -> None:
    nano, large = (read_recipe(SHIPPED / style / name) for name in ("recipe.toml", "recipe-sd21.toml"))
    assert (nano.base_model, nano.adapter.name, nano.data.resolution) == ("nano", style, None)
    assert (large.data.resolution, large.training.seed, large.training.precision) == (512, 777, "fp16")
    assert nano.kind == large.kind == ("dreambooth" if style == "retro" else "lora")
    assert [recipe.adapter.style and recipe.adapter.style.command for recipe in (nano, large)] == [style, style]


def test_the_weight_of_a_dreambooth_style_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    style, method = (
        '[adapter.style]\ncommand = "walls"\nweight = 0.5\n[data]',
        '[dreambooth]\nclass_prompts = ["a wall"]',
    )
    file.write_text(GOOD.replace("[data]", style).replace("[lora]\nrank = 4", method))
    with pytest.raises(RecipeError, match="the weight of its style must be 1"):
        read_recipe(file)


def test_the_large_recipes_have_the_studies_hyper_parameters() -> None:
    kancil, retro = (read_recipe(SHIPPED / style / "recipe-sd21.toml") for style in ("kancil", "retro"))
    assert kancil.lora is not None
    assert retro.dreambooth is not None
    assert (kancil.lora.rank, kancil.training.learning_rate, kancil.training.min_snr_gamma) == (16, 2e-5, 5.0)
    assert (kancil.training.epochs, kancil.training.batch_size, kancil.training.optimizer) == (20, 4, "adamw")
    training = retro.training
    assert (training.learning_rate, training.schedule, training.warmup_steps) == (1e-6, "constant", 80)
    assert (training.optimizer, training.batch_size, training.gradient_accumulation) == ("adamw-8bit", 1, 1)
    assert (training.steps, retro.dreambooth.class_pictures, retro.dreambooth.prior_weight) == (1000, 20, 1.0)
    assert retro.dreambooth.text_l2 > 0
