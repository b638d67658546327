"""The adapters that come with Sanggar: whole, and visible on nano."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from adapters.evaluation.pictures import load_adapted
from adapters.registry import SHIPPED, Registry
from adapters.training.recipe import read_recipe

KINDS = {"kancil": "lora", "retro": "dreambooth", "landscape": "lora"}


def test_all_three_are_there_and_nothing_is_broken() -> None:
    registry = Registry([SHIPPED])
    assert {adapter.name: adapter.manifest.kind for adapter in registry.list()} == KINDS
    assert registry.broken() == {}


@pytest.mark.parametrize("name", KINDS)
def test_the_weights_are_those_of_the_manifest(name: str) -> None:
    adapter = Registry([SHIPPED]).get(name)
    adapter.verify()
    assert (adapter.manifest.base_model, adapter.manifest.prediction_type) == ("nano", "v_prediction")
    assert sum(file.stat().st_size for file in adapter.files()) < 30_000_000


@pytest.mark.parametrize("name", KINDS)
def test_each_declares_the_style_of_its_recipe(name: str) -> None:
    manifest = Registry([SHIPPED]).get(name).manifest
    assert manifest.style is not None
    assert manifest.style.command == name
    assert manifest.style == read_recipe(SHIPPED / name / "recipe.toml").adapter.style


@pytest.mark.parametrize("name", KINDS)
def test_the_same_prompt_and_seed_give_another_picture(name: str) -> None:
    adapter = Registry([SHIPPED]).get(name)
    base, adapted = (
        np.asarray(load_adapted(which, "nano").draw(["a castle by the river"], 777, 8, 7.0)[0], dtype=float)
        for which in (None, adapter)
    )
    assert np.abs(base - adapted).mean() > 20


@pytest.mark.parametrize("package", ["adapters", "bot", "engine", "migrations"])
def test_a_wheel_has_every_file_of_the_packages(package: str) -> None:
    root = Path(__file__).parents[3]
    with (root / "pyproject.toml").open("rb") as stream:
        patterns = ["*.py", *tomllib.load(stream)["tool"]["setuptools"]["package-data"]["*"]]
    files = [file for file in (root / package).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert len(files) > 5
    assert [file for file in files if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []
