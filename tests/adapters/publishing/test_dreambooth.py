"""DreamBooth folders as other programs write them: sharded, in half precision, pickled, of another model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters.manifest import AdapterError
from adapters.publishing.base_models import base_model
from adapters.publishing.weights import copy_weights
from adapters.registry import COMPONENT_FILES

TEXT, UNET = COMPONENT_FILES


@pytest.fixture
def elsewhere(tiny: Path, tmp_path: Path) -> Path:
    """A whole pipeline's folder."""
    return Path(shutil.copytree(tiny, tmp_path / "elsewhere"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def shard(file: Path) -> None:
    """Cuts a network's file in two with an index, as diffusers does for large ones."""
    tensors = load_file(file)
    stem = file.name.removesuffix(".safetensors")
    where: dict[str, str] = {}
    for number in (0, 1):
        name = f"{stem}-0000{number + 1}-of-00002.safetensors"
        part = {key: tensor for index, (key, tensor) in enumerate(tensors.items()) if index % 2 == number}
        save_file(part, file.with_name(name))
        where |= dict.fromkeys(part, name)
    (file.parent / f"{file.name}.index.json").write_text(json.dumps({"weight_map": where}))
    file.unlink()


@pytest.mark.parametrize("kind", ["whole", "fp16", "sharded"])
def test_both_networks_are_taken_however_the_unet_is_kept(elsewhere: Path, tiny: Path, target: Path, kind: str) -> None:
    unet = elsewhere / UNET
    expected = load_file(unet)
    if kind == "fp16":
        unet.rename(unet.with_name("diffusion_pytorch_model.fp16.safetensors"))
    if kind == "sharded":
        shard(unet)
    weights = copy_weights(elsewhere, target, base_model(str(tiny)))
    assert (weights.kind, "own VAE is not taken" in weights.left_out) == ("dreambooth", True)
    taken = load_file(target / UNET)
    assert (target / TEXT).is_file()
    assert taken.keys() == expected.keys()
    assert all(torch.equal(taken[key], expected[key]) for key in taken)


@pytest.mark.parametrize("file", [UNET, TEXT])
def test_a_pickled_network_is_refused_with_the_command_that_converts_it(
    elsewhere: Path, tiny: Path, target: Path, file: str
) -> None:
    (elsewhere / file).rename((elsewhere / file).with_suffix(".bin"))
    with pytest.raises(AdapterError, match=r"python -c .*from_pretrained\(.*use_safetensors=False"):
        copy_weights(elsewhere, target, base_model(str(tiny)))


def test_a_missing_shard_is_named(elsewhere: Path, tiny: Path, target: Path) -> None:
    shard(elsewhere / UNET)
    next((elsewhere / "unet").glob("*-00002-of-*")).unlink()
    with pytest.raises(AdapterError, match="not complete, without diffusion_pytorch_model-00002"):
        copy_weights(elsewhere, target, base_model(str(tiny)))


def test_a_checkpoint_of_another_model_is_refused(elsewhere: Path, target: Path) -> None:
    with pytest.raises(AdapterError, match=r"not for nano: .*cannot be applied|not for nano: .*has the shape"):
        copy_weights(elsewhere, target, base_model("nano"))
