"""Base models of a training run, in folders as people have them."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from adapters.training.base import load_base


def test_a_folder_with_fp16_variants_alone_is_loaded_in_fp32(tiny: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny, tmp_path / "half"))
    for file in folder.rglob("*.safetensors"):
        file.rename(file.with_name(f"{file.stem}.fp16.safetensors"))
    base = load_base(str(folder))
    assert len(base.draw(["a wall"], 1, 1, 3.0)) == 1
    whole = load_base(str(tiny))
    for network in ("unet", "text_encoder", "vae"):
        pairs = zip(*(getattr(one.pipeline, network).parameters() for one in (base, whole)), strict=True)
        assert all(one.dtype == torch.float32 and torch.equal(one, other) for one, other in pairs)
