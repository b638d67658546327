"""Adapters made elsewhere are taken in, checked and removed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from adapters.cli.adapters import adapters_app
from adapters.evaluation.pictures import load_adapted
from adapters.manifest import AdapterError, Style
from adapters.publishing.adding import Source, add_adapter, adopt_adapter, remove_adapter
from adapters.publishing.names import slug
from adapters.registry import LORA_FILE, Adapter, Registry, hash_files
from adapters.training.loop import open_run
from tests.adapters_kit.runs import finish, write_recipe


@pytest.fixture
def origin(tiny: Path) -> Source:
    """What is said of a LoRA for the tiny model."""
    return Source("walls", "Walls", str(tiny), "MIT", trigger_words=("wall",))


@pytest.fixture
def made(colours: Path, tiny: Path) -> Adapter:
    """A LoRA that was trained here for two steps."""
    return finish(write_recipe(colours, tiny, steps=2))[1]


def as_kohya(tensors: dict[str, torch.Tensor], alpha: float) -> dict[str, torch.Tensor]:
    """The same LoRA in kohya's layout, its up matrices larger by rank over alpha."""
    written: dict[str, torch.Tensor] = {}
    for key, tensor in tensors.items():
        layer, _, side = key.removesuffix(".weight").rpartition(".")
        name = "lora_unet_" + layer.removeprefix("unet.").replace(".", "_")
        if side == "lora_A":
            written[f"{name}.lora_down.weight"] = tensor
            written[f"{name}.alpha"] = torch.tensor(alpha)
        else:
            written[f"{name}.lora_up.weight"] = tensor * (4 / alpha)
    return written


def as_peft(tensors: dict[str, torch.Tensor], alpha: float) -> dict[str, torch.Tensor]:
    """The same in PEFT's layout; alpha goes into ``adapter_config.json``."""
    return {
        "base_model.model." + key.removeprefix("unet."): tensor * (4 / alpha if "lora_B" in key else 1)
        for key, tensor in tensors.items()
    }


@pytest.mark.parametrize("layout", ["diffusers", "peft", "kohya"])
def test_a_lora_of_another_layout_draws_the_same_picture(
    made: Adapter, tiny: Path, origin: Source, tmp_path: Path, layout: str
) -> None:
    tensors = load_file(made.files()[0])
    source = tmp_path / "elsewhere"
    source.mkdir()
    file = source / ("adapter_model.safetensors" if layout == "peft" else "downloaded.safetensors")
    if layout == "peft":
        (source / "adapter_config.json").write_text(json.dumps({"lora_alpha": 2, "r": 4}))
    save_file(
        {"diffusers": dict, "peft": lambda t: as_peft(t, 2.0), "kohya": lambda t: as_kohya(t, 2.0)}[layout](tensors),
        file,
    )
    added = add_adapter(str(source if layout == "peft" else file), tmp_path / "own", origin).adapter
    assert Registry([tmp_path / "own"]).get("walls").manifest == added.manifest
    assert (added.manifest.kind, added.manifest.rank, added.manifest.trigger_words) == ("lora", 4, ("wall",))
    pictures = [
        np.asarray(load_adapted(which, str(tiny)).draw(["a wall"], 1, 2, 3.0)[0], int) for which in (made, added)
    ]
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


@pytest.mark.parametrize(("more", "scale"), [({}, 2 / 4), ({"use_rslora": True}, 2 / 4**0.5)], ids=["plain", "rslora"])
def test_the_scale_of_peft_is_multiplied_in(
    made: Adapter, origin: Source, tmp_path: Path, more: dict[str, object], scale: float
) -> None:
    tensors = load_file(made.files()[0])
    source = tmp_path / "elsewhere"
    source.mkdir()
    save_file(as_peft(tensors, 4.0), source / "adapter_model.safetensors")
    (source / "adapter_config.json").write_text(json.dumps({"lora_alpha": 2, "r": 4} | more))
    added = load_file(add_adapter(str(source), tmp_path / "own", origin).adapter.files()[0])
    for key, tensor in tensors.items():
        assert torch.allclose(
            added[key].float(), tensor.float() * (scale if "lora_B" in key else 1), rtol=2e-3, atol=1e-6
        )


@pytest.mark.parametrize(("config", "said"), [('{"alpha_pattern": {"to_q": "x"}}', "alpha of unet"), ("{", "not JSON")])
def test_a_configuration_that_is_not_understood_is_refused(
    made: Adapter, origin: Source, tmp_path: Path, config: str, said: str
) -> None:
    (made.folder / "adapter_config.json").write_text(config)
    with pytest.raises(AdapterError, match=said):
        add_adapter(str(made.files()[0]), tmp_path / "own", origin)


def test_what_is_no_lora_leaves_nothing_behind(origin: Source, tmp_path: Path) -> None:
    own = tmp_path / "own"
    for name, content in (("text.safetensors", b"hello, world"), ("weights.ckpt", b"pickle")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AdapterError, match=r"safetensors"):
            add_adapter(str(tmp_path / name), own, origin)
    save_file({"unet.conv_in.weight": torch.zeros(2, 2)}, tmp_path / "whole.safetensors")
    with pytest.raises(AdapterError, match="no low-rank matrices"):
        add_adapter(str(tmp_path / "whole.safetensors"), own, origin)
    assert list(own.iterdir()) == []


def test_an_adapter_with_its_manifest_keeps_it(made: Adapter, tmp_path: Path) -> None:
    own = tmp_path / "own"
    assert adopt_adapter(made.folder, own).manifest == made.manifest
    with pytest.raises(AdapterError, match="there already"):
        adopt_adapter(made.folder, own)
    remove_adapter("walls", own)
    for name in ("walls", "../adapters/walls"):
        with pytest.raises(AdapterError, match="has no adapter"):
            remove_adapter(name, own)
    assert made.folder.exists()


def test_what_is_not_the_adapters_stays_where_it_is_removed(made: Adapter) -> None:
    (made.folder / "dataset").mkdir()
    assert remove_adapter("walls", made.folder.parent) == made.folder
    assert [file.name for file in made.folder.iterdir()] == ["dataset"]


def test_an_adapter_in_another_layout_is_rewritten_when_it_is_adopted(made: Adapter, tmp_path: Path) -> None:
    tensors = load_file(made.files()[0])
    save_file(as_kohya(tensors, 2.0), made.files()[0])
    made.manifest.model_copy(update={"sha256": hash_files(made.files())}).write(made.folder / "manifest.json")
    assert "sanggar adapters add" in made.layout_fault()
    adopted = adopt_adapter(made.folder, tmp_path / "own")
    assert adopted.layout_fault() == ""
    adopted.verify()
    for key, tensor in load_file(adopted.files()[0]).items():
        assert torch.allclose(tensor.float(), tensors[key].float(), rtol=2e-3, atol=1e-6)


def test_a_recipe_does_not_take_over_the_command_of_another_adapter(
    made: Adapter, colours: Path, tiny: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(colours, tiny)
    recipe.write_text(recipe.read_text().replace('name = "walls"', 'name = "fences"'))
    folders = recipe.parent / "adapters", recipe.parent / "work"
    with pytest.raises(AdapterError, match="'walls' draws this style"):
        open_run(recipe, *folders)
    assert open_run(recipe, *folders, take_command=True).recipe.adapter.name == "fences"


@pytest.mark.parametrize("damage", ["manifest.json", LORA_FILE])
def test_a_broken_adapter_can_be_removed(made: Adapter, damage: str) -> None:
    (made.folder / damage).write_text("{")
    remove_adapter("walls", made.folder.parent)
    assert not made.folder.exists()


def test_the_commands(made: Adapter, tiny: Path, tmp_path: Path) -> None:
    run, own = CliRunner(), ["--dir", str(tmp_path / "own")]
    file = shutil.copy(made.folder / LORA_FILE, tmp_path / "My Style.safetensors")
    added = run.invoke(adapters_app, ["add", str(file), "--base-model", str(tiny), "--title", "x [/y] [old]", *own])
    assert added.exit_code == 0, added.output
    listed = run.invoke(adapters_app, ["list", *own], env={"COLUMNS": "400"})
    assert "my-style" in listed.output
    assert "x [/y] [old]" in listed.output
    assert "good: my-style" in run.invoke(adapters_app, ["check", *own]).output
    assert run.invoke(adapters_app, ["check", "retro", *own]).output == "good: retro\n"
    assert "no adapter 'rerto'" in run.invoke(adapters_app, ["check", "rerto", *own]).output
    other = ["--name", "other", "--base-model", str(tiny), "--prediction-type", "epsilon"]
    wrong = run.invoke(adapters_app, ["add", str(file), *other, *own])
    assert wrong.exit_code == 1
    assert "predicts v_prediction, not epsilon" in wrong.output
    weights = tmp_path / "own" / "my-style" / LORA_FILE
    weights.write_bytes(weights.read_bytes()[:-2])
    checked = run.invoke(adapters_app, ["check", *own])
    assert checked.exit_code == 1
    assert "truncated" in checked.output
    assert run.invoke(adapters_app, ["remove", "my-style", *own]).exit_code == 0
    assert run.invoke(adapters_app, ["remove", "my-style", *own]).exit_code == 1


def test_an_adapter_becomes_a_command_of_the_chats_in_one_step(made: Adapter, tiny: Path, tmp_path: Path) -> None:
    run, own = CliRunner(), ["--dir", str(tmp_path / "own")]
    file, as_nano = made.files()[0], ["--base-model", str(tiny)]
    style = ["--style", "batik", "--weight", "0.8"]
    added = run.invoke(adapters_app, ["add", str(file), "--name", "wax", "--trigger", "wax", *as_nano, *style, *own])
    assert f"by /batik where {tiny} is the model" in added.output
    manifest = Registry([tmp_path / "own"]).get("wax").manifest
    assert manifest.prediction_type == "v_prediction"
    assert (manifest.style, manifest.frame) == (Style(command="batik", weight=0.8), "{prompt}, wax")
    assert "/batik" in run.invoke(adapters_app, ["list", *own]).output
    adopted = run.invoke(adapters_app, ["add", str(made.folder), "--style", "walls", "--frame", "wall: {prompt}", *own])
    assert adopted.exit_code == 0, adopted.output
    assert Registry([tmp_path / "own"]).get("walls").manifest.frame == "wall: {prompt}"
    assert made.manifest.style == Style(command="wall")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--style", "Batik Tulis"], "1 to 32 of a-z"),
        (["--style", "help"], "/help is a command of the bot already"),
        (["--style", "batik", "--frame", "batik"], "must hold {prompt} once"),
        (["--style", "batik", "--weight", "3"], "weight"),
        (["--frame", "{prompt}"], "cannot be a command"),
        (["--style", "kancil"], "the adapter 'kancil' draws this style with nano already"),
    ],
)
def test_a_style_that_cannot_be_leaves_nothing_behind(
    made: Adapter, tmp_path: Path, asked: list[str], said: str
) -> None:
    file, own = made.files()[0], tmp_path / "own"
    own.mkdir()
    as_nano = ["--name", "wax", "--prediction-type", "v_prediction", "--base-model", "nano", "--dir", str(own)]
    refused = CliRunner().invoke(adapters_app, ["add", str(file), *asked, *as_nano])
    assert refused.exit_code == 1
    assert said in refused.output
    assert list(own.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../walls", "'../walls' cannot be an adapter's name"),
        ("Walls", "'Walls' cannot be an adapter's name"),
        ("kancil", "an adapter 'kancil' comes with Sanggar"),
    ],
)
def test_a_name_that_cannot_be_leaves_nothing_behind(made: Adapter, tmp_path: Path, name: str, said: str) -> None:
    own = tmp_path / "own"
    refused = CliRunner().invoke(adapters_app, ["add", str(made.files()[0]), "--name", name, "--dir", str(own)])
    assert refused.exit_code == 1
    assert said in refused.output
    assert not own.exists()


def test_what_has_a_manifest_is_not_renamed(made: Adapter, tmp_path: Path) -> None:
    asked = ["add", str(made.folder), "--name", "fences", "--dir", str(tmp_path / "own")]
    refused = CliRunner().invoke(adapters_app, asked)
    assert refused.exit_code == 1
    assert "the name 'walls' in it: it cannot become 'fences'" in refused.output


def test_what_is_neither_here_nor_on_the_hub_is_said_in_a_line(tmp_path: Path) -> None:
    for source in ("./lost.safetensors", "lost"):
        asked = ["add", source, "--name", "lost", "--dir", str(tmp_path)]
        refused = CliRunner().invoke(adapters_app, asked)
        assert refused.exit_code == 1
        assert refused.output.startswith("there is no f")
        assert refused.output.count("\n") == 1


def test_a_hub_that_cannot_be_reached_is_not_asked_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.hub.ENDPOINT", "http://127.0.0.1:9")
    refused = CliRunner().invoke(adapters_app, ["add", "someone/their-lora", "--name", "lost", "--dir", str(tmp_path)])
    assert refused.exit_code == 1
    assert "there is no folder someone/their-lora, and Hugging Face does not give it: it cannot be reached" in (
        " ".join(refused.output.split())
    )


def test_slugs() -> None:
    assert [slug(text) for text in ("My Style (v2)", "kancil", "***")] == ["my-style-v2", "kancil", "adapter"]
