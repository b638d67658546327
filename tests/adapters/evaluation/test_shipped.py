"""The adapters that come with Sanggar: whole, and visible on nano."""

from __future__ import annotations

import tomllib
import zlib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters.evaluation.pictures import load_adapted
from adapters.registry import DIFFERENCE_FILE, SHIPPED, Registry
from adapters.training.recipe import read_recipe
from engine.adapters.checkpoints import read_networks
from engine.adapters.differences import NETWORKS, STEP
from engine.adapters.lora_files import Unusable
from engine.nano import WEIGHTS
from tests.engine_kit.judge import Wish, difference
from tests.engine_kit.live import serve
from tests.kit import ROOT

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
    assert sum(file.stat().st_size for file in adapter.files()) < 4_000_000


def test_retro_is_nano_and_its_difference_to_it() -> None:
    folder = Registry([SHIPPED]).get("retro").folder
    tensors, read = load_file(folder / DIFFERENCE_FILE), read_networks(folder, str(WEIGHTS))
    assert {network: len(names) for network, names in read.items()} == {"unet": 326, "text_encoder": 48}
    for network, file in NETWORKS.items():
        nano = load_file(WEIGHTS / file)
        for name, tensor in read[network].items():
            steps = np.frombuffer(zlib.decompress(tensors[f"{network}.{name}"].numpy().tobytes()), np.int8)
            change = steps.astype(np.float32).reshape(tensor.shape) * tensors[f"{network}.{name}{STEP}"].item()
            assert np.abs(tensor.float().numpy() - nano[name].float().numpy() - change).max() <= 1e-3  # half precision


def test_retro_is_refused_on_a_nano_of_other_weights(tmp_path: Path) -> None:
    for file in NETWORKS.values():
        (tmp_path / file).parent.mkdir()
        save_file({"conv_in.weight": torch.zeros(1)}, tmp_path / file)
    with pytest.raises(Unusable, match="other weights of nano than this model has"):
        read_networks(Registry([SHIPPED]).get("retro").folder, str(tmp_path))


def test_the_engine_lists_all_three_as_usable_with_nano_and_draws_with_retro() -> None:
    with serve(WEIGHTS, SHIPPED) as live:
        listed = {one["name"]: (one["kind"], one["reason"]) for one in live.http.get("/v1/adapters").json()["data"]}
        plain, retro = (live.draw(Wish(num_inference_steps=4, adapters=use)) for use in ((), (("retro", 1.0),)))
    assert listed == {name: (kind, "") for name, kind in KINDS.items()}
    assert difference(plain, retro) > 100


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
    with (ROOT / "pyproject.toml").open("rb") as stream:
        patterns = ["*.py", *tomllib.load(stream)["tool"]["setuptools"]["package-data"]["*"]]
    files = [file for file in (ROOT / package).rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert len(files) > 5
    assert [file for file in files if not any(fnmatch(file.name, pattern) for pattern in patterns)] == []
