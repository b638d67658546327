"""Inception-v3 of FID. What it should say was computed with pytorch-fid 0.3.0 on the same weights and picture."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from adapters.evaluation.inception import Inception
from adapters.evaluation.inception_network import network
from adapters.manifest import AdapterError

FIRST = [3051.30566, 92.71466, 56.29602, 612.00165, 212.92313, 0.0]
MEAN, DEVIATION = 1131.51709, 1512.22107
"""Of the 2048 features."""


def waves(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights made of a sine, the same on every machine."""
    filled = {}
    for name, tensor in state.items():
        numbers = torch.arange(tensor.numel(), dtype=torch.float64)
        wave = torch.sin(0.37 * numbers**2 + zlib.crc32(name.encode()) % 1000).reshape(tensor.shape)
        if name.endswith("running_var"):
            wave = 1 + 0.5 * wave
        elif name.endswith("bn.weight"):
            wave = 1.2 + 0.3 * wave
        elif "bn" in name:
            wave = 0.1 * wave
        else:
            wave = wave * 2 / tensor[0].numel() ** 0.5
        filled[name] = wave.float()
    return filled


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    state = {name: tensor for name, tensor in network().state_dict().items() if tensor.is_floating_point()}
    return waves(state)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_features_are_those_of_pytorch_fid(weights: dict[str, torch.Tensor], tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"inception.{suffix}"
    if suffix == "pth":
        torch.save(weights | {"fc.bias": torch.zeros(1008)}, file)
    else:
        save_file(weights, file)
    row = np.linspace(0, 255, 32).astype(np.uint8)
    channels = [np.tile(row, (32, 1)), np.tile(row[:, None], (1, 32)), np.full((32, 32), 60, np.uint8)]
    inception = Inception(file)
    features = inception.pictures([Image.fromarray(np.stack(channels, -1))])
    assert features.shape == (1, 2048)
    assert features[0, :6] == pytest.approx(FIRST, rel=1e-3)
    assert (features.mean(), features.std()) == pytest.approx((MEAN, DEVIATION), rel=1e-4)
    assert inception.name == f"Inception-v3 (inception.{suffix})"


def test_another_file_is_refused(tmp_path: Path) -> None:
    torch.save({"some.weight": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(AdapterError, match="not the weights of Inception-v3: no Conv2d_1a_3x3"):
        Inception(tmp_path / "other.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(AdapterError, match="no weights that can be read"):
        Inception(tmp_path / "text.pth")
