"""The shipped weights, and the commands around them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from transformers import CLIPModel
from typer.testing import CliRunner

from engine.files import NotOurs, make_own
from engine.nano import WEIGHTS
from engine.nano.architecture import build_unet, build_vae, clip_config
from engine.nano.classifier import load_classifier
from engine.nano.cli import nano_app
from engine.nano.judge import background_colour
from engine.nano.sheet import draw_pictures, open_pipeline
from engine.nano.tokens import byte_letters, load_tokenizer
from engine.nano.weights import load_clip, save_weights


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    return open_pipeline(WEIGHTS)


def test_the_weights_are_half_precision_and_at_most_48_megabytes() -> None:
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 48_000_000
    for path in files:
        if path.suffix == ".safetensors":
            assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}


def test_the_tokenizer_is_that_of_stable_diffusion() -> None:
    tokens = load_tokenizer(WEIGHTS)("a photo of an astronaut riding a horse", padding="max_length").input_ids
    assert tokens == [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407] + [0] * 67


def test_every_byte_has_a_letter_of_its_own() -> None:
    assert len(set(byte_letters())) == 256


def test_clip_and_pipeline_share_one_text_tower(pipeline: StableDiffusionPipeline) -> None:
    tokens = load_tokenizer(WEIGHTS)(["a deer by the river"], padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        own = load_clip(WEIGHTS).text_model(input_ids=tokens).last_hidden_state
        shared = pipeline.text_encoder(tokens).last_hidden_state
    assert torch.equal(own, shared)


def test_an_incomplete_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "config.json").write_bytes((WEIGHTS / "clip" / "config.json").read_bytes())
    (tmp_path / "text_encoder").symlink_to(WEIGHTS / "text_encoder")
    (tmp_path / "clip" / "model.safetensors").symlink_to(WEIGHTS / "text_encoder" / "model.safetensors")
    with pytest.raises(ValueError, match="vision_model"):
        load_clip(tmp_path)


def test_saved_weights_come_back_in_place_of_the_old_ones(tmp_path: Path) -> None:
    folder = make_own(tmp_path / "weights")
    (folder / "stale").touch()
    torch.manual_seed(0)
    vae, unet, clip = build_vae(), build_unet(), CLIPModel(clip_config())
    save_weights(folder, WEIGHTS / "tokenizer", vae, clip, unet)
    assert not (folder / "stale").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    loaded = open_pipeline(folder)
    for before, after in ((vae, loaded.vae), (unet, loaded.unet)):
        for key, value in before.state_dict().items():
            assert torch.equal(value.half().float(), after.state_dict()[key])
    assert loaded.scheduler.config.prediction_type == "v_prediction"


def test_a_folder_with_other_files_is_not_replaced_by_weights(tmp_path: Path) -> None:
    (tmp_path / "photo.png").touch()
    with pytest.raises(NotOurs):
        save_weights(tmp_path, WEIGHTS / "tokenizer", build_vae(), CLIPModel(clip_config()), build_unet())
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_a_background_has_the_asked_colour(pipeline: StableDiffusionPipeline) -> None:
    pictures = draw_pictures(pipeline, "a fox on a blue background", range(2), steps=12)
    assert [background_colour(picture) for picture in pictures] == ["blue", "blue"]


@pytest.mark.parametrize("prompt", ["fox", "seekor rubah"])
def test_a_fox_is_taken_for_a_fox(prompt: str, pipeline: StableDiffusionPipeline) -> None:
    pictures = draw_pictures(pipeline, prompt, range(3), steps=12)
    assert load_classifier().best(pictures).count("fox") >= 2


def test_equal_seeds_draw_equal_pictures_alone_and_in_a_batch(pipeline: StableDiffusionPipeline) -> None:
    alone = draw_pictures(pipeline, "a deer", range(1, 2), steps=3)[0]
    batch = draw_pictures(pipeline, "a deer", range(2), steps=3)
    assert np.abs(np.asarray(alone, int) - np.asarray(batch[1], int)).max() <= 1
    assert batch[0].tobytes() != batch[1].tobytes()


def test_path_prints_the_folder() -> None:
    result = CliRunner().invoke(nano_app, ["path"])
    assert Path(result.stdout.strip()) == WEIGHTS
    assert (WEIGHTS / "model_index.json").exists()


def test_training_without_npm_ends_with_an_explanation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(nano_app, ["train", "--stage", "data", "--run", str(tmp_path)])
    assert result.exit_code == 1
    assert "npm is not installed" in result.stderr


def test_the_folder_is_known_without_loading_torch() -> None:
    code = "import engine.nano.cli, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
