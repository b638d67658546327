"""The features of FID: Inception-v3 with the weights ``pt_inception-2015-12-05-6726825d.pth`` of pytorch-fid.

The file (91 MB) is not part of Sanggar; any file with the same names works.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch.nn import functional

from adapters.evaluation.inception_network import network
from adapters.evaluation.metrics import Array
from adapters.manifest import AdapterError

SIDE = 299
AT_ONCE = 16


class Inception:
    """The features of FID."""

    def __init__(self, weights: Path) -> None:
        self.name = f"Inception-v3 ({weights.name})"
        self._net = network()
        state = read_weights(weights)
        wanted = {key for key in self._net.state_dict() if not key.endswith("num_batches_tracked")}
        if missing := wanted - set(state):
            raise AdapterError(f"{weights}: not the weights of Inception-v3: no {min(missing)}")
        self._net.load_state_dict({key: state[key] for key in wanted}, strict=False)

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        """One row of 2048 a picture."""
        rows = []
        for start in range(0, len(pictures), AT_ONCE):
            part = [np.asarray(picture.convert("RGB")) for picture in pictures[start : start + AT_ONCE]]
            pixels = torch.from_numpy(np.stack(part)).permute(0, 3, 1, 2).float() / 127.5 - 1
            large = functional.interpolate(pixels, (SIDE, SIDE), mode="bilinear", align_corners=False)
            with torch.no_grad():
                rows.append(self._net(large))
        return np.asarray(torch.cat(rows))


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Tensors by name; raises AdapterError. Of a pickled file nothing but tensors is read."""
    try:
        state: dict[str, torch.Tensor]
        if file.suffix == ".safetensors":
            state = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError, SafetensorError) as error:
        raise AdapterError(f"{file}: no weights that can be read ({type(error).__name__})") from None
    return state
