"""Model folders as people have them: fp16 variants alone load, those of another task are refused in a sentence."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from diffusers import UNet2DConditionModel

from engine.diffusion.model import ModelMissing, load_model


def test_a_folder_with_fp16_variants_alone_loads(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "half"))
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    assert load_model(str(folder), device="cpu").name == "half"


def test_an_inpainting_folder_is_refused_when_it_is_loaded(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "inpainting"))
    config = UNet2DConditionModel.load_config(folder / "unet")
    UNet2DConditionModel.from_config(config, in_channels=9).save_pretrained(folder / "unet")
    with pytest.raises(ModelMissing, match="inpainting or another task: its U-Net takes 9 channels, not 4"):
        load_model(str(folder), device="cpu")
