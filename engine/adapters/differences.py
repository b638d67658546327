"""DreamBooth checkpoints that are kept as their difference to the base model, in one small file.

The file has two tensors for each that the checkpoint changed, by network and by its name in the base model's file:

- ``unet.<name>``: by how many steps each number differs, int8 in the tensor's order, deflated (zlib): uint8 (bytes,)
- ``unet.<name>.step``: how much a step is, float32 ()

Its metadata has ``format``, ``base_model``, and as ``unet`` and ``text_encoder`` the SHA-256 of the base model's files.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from pathlib import Path

import torch

from adapters.manifest import model_name
from adapters.registry import COMPONENT_FILES, hash_files
from adapters.shapes import STEP
from engine.adapters.lora_files import Unusable, opened, read_tensors
from engine.hub import local_file

FORMAT = "sanggar-difference-1"
NETWORKS = {file.partition("/")[0]: file for file in COMPONENT_FILES}
"""The file of each network's weights in a model's folder."""


def read_difference(file: Path, source: str) -> dict[str, dict[str, torch.Tensor]]:
    """The changed tensors, whole, by network and name, in the precision of the base model ``source``'s own files.

    :raises Unusable: where the file is damaged, or the base model's weights are not those it was made from.
    """
    tensors, metadata = read_tensors(file)
    if metadata.get("format") != FORMAT:
        raise Unusable(f"{file.name} is not in the format {FORMAT}")
    checkpoint = {}
    for network, names in changed_names(tensors.keys()).items():
        base = read_tensors(base_file(network, metadata, source))[0]
        if foreign := set(names) - base.keys():
            raise Unusable(f"the base model has no {network}.{min(foreign)}")
        keys = {name: f"{network}.{name}" for name in names}
        checkpoint[network] = {
            name: moved(base[name], tensors[key], tensors.get(key + STEP)) for name, key in keys.items()
        }
    return checkpoint


def read_names(file: Path) -> dict[str, list[str]]:
    """``changed_names`` of the file.

    :raises Unusable: where it is no whole safetensors file.
    """
    with opened(file) as whole:
        return changed_names(whole.keys())


def changed_names(keys: Collection[str]) -> dict[str, list[str]]:
    """The names of the changed tensors, by those networks that have any."""
    tensors = [key for key in keys if not key.endswith(STEP)]
    names = {
        network: [key.removeprefix(f"{network}.") for key in tensors if key.startswith(f"{network}.")]
        for network in NETWORKS
    }
    return {network: changed for network, changed in names.items() if changed}


def base_file(network: str, metadata: Mapping[str, str], source: str) -> Path:
    """:raises Unusable: where the base model's file of ``network`` is not the one that the metadata name."""
    file, expected = local_file(source, NETWORKS[network]), metadata.get(network, "")
    if file is None or hash_files([file]) != expected:
        name = model_name(metadata.get("base_model", ""))
        raise Unusable(
            f"it is the difference to other weights of {name} than this model has, with the SHA-256 {expected[:16]}... "
            f"of {NETWORKS[network]}: load those, or train it again on these"
        )
    return file


def moved(base: torch.Tensor, packed: torch.Tensor, step: torch.Tensor | None) -> torch.Tensor:
    """``base`` and the difference, in its precision.

    :raises Unusable: where the difference is damaged or of another size.
    """
    try:
        steps = zlib.decompressobj().decompress(packed.numpy().tobytes(), base.numel() + 1)
    except zlib.error:
        raise Unusable("its difference to the base model is damaged") from None
    if step is None or len(steps) != base.numel():
        raise Unusable("its difference to the base model is incomplete")
    count = torch.frombuffer(bytearray(steps), dtype=torch.int8).reshape(base.shape)
    return (base.float() + count * step).to(base.dtype)
