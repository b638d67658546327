"""Training on a tiny model: it learns, it resumes as if nothing had happened, and diffusers loads what it writes."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file

from adapters.manifest import AdapterError, Style
from adapters.registry import Registry
from adapters.training.base import load_base
from adapters.training.loop import Stopped
from adapters.training.recipe import RecipeError
from adapters.training.trainer import Trainer
from engine.files import NotOurs
from tests.adapters_kit.runs import DREAMBOOTH, LORA, after, finish, ignore, never, start, write_recipe


def drawn(pipeline: StableDiffusionPipeline) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    pictures: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = pipeline(
        "a red wall", num_inference_steps=3, generator=generator, output_type="np"
    ).images
    return pictures


@pytest.mark.parametrize("model", ["tiny", "tiny_epsilon"])
def test_the_loss_falls(colours: Path, model: str, request: pytest.FixtureRequest) -> None:
    losses = []
    for rate in (1e-9, 1e-2):
        method = DREAMBOOTH.format(l2=0)
        run = start(write_recipe(colours, request.getfixturevalue(model), method, steps=20, learning_rate=rate))
        run.go(ignore, never)
        (run.work / "checkpoint.pt").unlink()
        losses.append(sum(run.losses[-10:]))
    assert losses[1] < 0.8 * losses[0]


def test_diffusers_loads_a_lora_and_draws_another_picture(colours: Path, tiny: Path) -> None:
    _, adapter = finish(write_recipe(colours, tiny))
    adapter.verify()
    assert Registry([adapter.folder.parent]).get("walls").manifest == adapter.manifest
    assert (adapter.manifest.rank, adapter.manifest.prediction_type) == (4, "v_prediction")
    assert (adapter.manifest.style, adapter.manifest.frame) == (Style(command="wall"), "{prompt}, wall")
    keys = load_file(adapter.files()[0])
    assert all(key.startswith("unet.") and ".lora_" in key for key in keys)
    assert {value.dtype for value in keys.values()} == {torch.float16}
    pipeline = load_base(str(tiny)).pipeline
    before = drawn(pipeline)
    pipeline.load_lora_weights(adapter.folder)
    assert np.abs(drawn(pipeline) - before).max() > 1 / 255


def test_a_lora_may_include_the_text_encoder(colours: Path, tiny: Path) -> None:
    _, adapter = finish(write_recipe(colours, tiny, LORA + "text_encoder = true\n"))
    keys = load_file(adapter.files()[0])
    assert {key.split(".")[0] for key in keys} == {"unet", "text_encoder"}
    assert any(value.any() for key, value in keys.items() if key.startswith("text_encoder") and "lora_B" in key)
    load_base(str(tiny)).pipeline.load_lora_weights(adapter.folder)


@pytest.mark.parametrize("method", [LORA, DREAMBOOTH.format(l2=0.1)], ids=["lora", "dreambooth"])
def test_a_stopped_run_resumes_with_the_same_losses_and_weights(colours: Path, tiny: Path, method: str) -> None:
    recipe = write_recipe(colours, tiny, method, gradient_accumulation=2, caption_dropout=0.3, learning_rate=1e-3)
    straight, adapter = finish(recipe)
    weights = [file.read_bytes() for file in adapter.files()]
    (adapter.folder / "manifest.json").unlink()
    with pytest.raises(Stopped, match="after step 3 of 6"):
        start(recipe).go(ignore, after(3))
    resumed, adapter = finish(recipe, resume=True)
    assert resumed.losses == straight.losses
    assert [file.read_bytes() for file in adapter.files()] == weights


def test_a_killed_run_resumes_from_its_last_checkpoint(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny)
    code = (
        "import os, signal, sys; from pathlib import Path; from adapters.training.loop import open_run\n"
        "root = Path(sys.argv[1]).parent\n"
        "def watch(number, loss):\n    if number == 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "open_run(Path(sys.argv[1]), root / 'adapters', root / 'work').go(watch, lambda: False)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(recipe)], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    run = start(recipe, resume=True)
    assert len(run.losses) == 2
    run.go(ignore, never)
    (run.work / "checkpoint.pt").unlink()
    straight = start(recipe)
    straight.go(ignore, never)
    assert run.losses == pytest.approx(straight.losses, rel=1e-6)


def test_dreambooth_writes_what_it_trained_and_moves_the_text_encoder_less_with_l2(colours: Path, tiny: Path) -> None:
    base = load_base(str(tiny))
    moved = []
    for l2 in (0.0, 10.0):
        recipe = write_recipe(colours, tiny, DREAMBOOTH.format(l2=l2), learning_rate=1e-3)
        run, adapter = finish(recipe)
        assert sorted(os.listdir(run.work / "class")) == ["000.png", "001.png"]
        adapter.verify()
        text, unet = (load_file(file) for file in adapter.files())
        assert set(unet) == set(base.unet.state_dict())
        left_out = set(base.text_encoder.state_dict()) - set(text)
        assert [key.split(".")[-2] for key in left_out] == ["token_embedding"]
        state = base.text_encoder.state_dict()
        moved.append(sum(float((value.float() - state[key]).square().sum()) for key, value in text.items()))
        (adapter.folder / "manifest.json").unlink()
    assert 0 < moved[1] < 0.5 * moved[0]


def test_what_is_there_is_not_overwritten(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny)
    run = start(recipe)
    run.save()
    with pytest.raises(AdapterError, match="unfinished run"):
        start(recipe)
    run.go(ignore, never)
    run.finish(recipe.parent / "adapters")
    with pytest.raises(AdapterError, match="--replace"):
        start(recipe)


def test_a_folder_with_other_files_is_not_taken_for_a_runs(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny)
    theirs = recipe.parent / "work" / "walls" / "holiday.png"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"picture")
    with pytest.raises(NotOurs, match="was not made by this command"):
        start(recipe)
    assert theirs.read_bytes() == b"picture"


def test_the_weights_of_a_run_can_be_read_by_every_user(colours: Path, tiny: Path) -> None:
    for method in (LORA, DREAMBOOTH.format(l2=0.0)):
        _, adapter = finish(write_recipe(colours, tiny, method, steps=1))
        assert {stat.S_IMODE(file.stat().st_mode) for file in adapter.files()} == {0o644}
        shutil.rmtree(adapter.folder)


def test_a_changed_recipe_does_not_resume(colours: Path, tiny: Path) -> None:
    run = start(write_recipe(colours, tiny))
    run.save()
    with pytest.raises(RecipeError, match=r"changed since \(training\.seed\); change it back, or delete .*walls"):
        start(write_recipe(colours, tiny, seed=1), resume=True)
    (run.work / "checkpoint.pt").write_bytes(b"half a checkpoint")
    with pytest.raises(RecipeError, match=r"cannot be read; delete .*walls to begin anew"):
        start(write_recipe(colours, tiny), resume=True)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("{model}", "./nowhere", "base_model: There is no model folder './nowhere'"),
        ("{model}", "{colours}", "base_model: The model folder .*colours lacks unet/config.json"),
        ('folder = "colours"', 'folder = "nowhere"', r"nowhere.captions\.csv is not there"),
        ("rank = 4", 'rank = 4\ntargets = ["to_q", "nothing"]', "the U-Net has no layer 'nothing'"),
        ('name = "walls"', 'name = "kancil"', "an adapter 'kancil' comes with Sanggar: choose another name"),
    ],
)
def test_what_cannot_be_trained_is_said_before_it_begins(
    colours: Path, tiny: Path, before: str, after: str, said: str
) -> None:
    recipe = write_recipe(colours, tiny)
    where = {"model": str(tiny), "colours": str(colours)}
    recipe.write_text(recipe.read_text().replace(before.format(**where), after.format(**where)))
    with pytest.raises(AdapterError, match=said) as caught:
        start(recipe)
    assert "SANGGAR_MODEL" not in str(caught.value)


def test_a_recipe_without_a_resolution_takes_the_models_own(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny, steps=1)
    recipe.write_text(recipe.read_text().replace("resolution = 64\n", ""))
    run, adapter = finish(recipe)
    assert run.recipe.data.resolution == run.base.native == run.base.draw(["a wall"], 1, 1, 1.0)[0].width
    assert adapter.manifest.recipe is not None
    assert adapter.manifest.recipe["data"]["resolution"] == run.base.native
    (adapter.folder / "manifest.json").unlink()
    start(recipe).save()
    assert start(recipe, resume=True).recipe == run.recipe


def test_a_broken_picture_is_named(colours: Path, tiny: Path) -> None:
    (colours / "green.png").write_bytes(b"no picture")
    with pytest.raises(AdapterError, match=r"green\.png: not a picture that can be read"):
        start(write_recipe(colours, tiny))


def test_too_little_memory_says_what_needs_less(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflowing(trainer: Trainer, number: int) -> float:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "step", overflowing)
    with pytest.raises(AdapterError, match=r"too little memory .* lower training\.batch_size"):
        start(write_recipe(colours, tiny)).go(ignore, never)


def test_a_loss_that_is_no_number_ends_the_run(colours: Path, tiny: Path) -> None:
    with pytest.raises(AdapterError, match="lower the learning rate"):
        start(write_recipe(colours, tiny, learning_rate=1e30, steps=10)).go(ignore, never)
