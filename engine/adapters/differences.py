"""DreamBooth checkpoints that are kept as their difference to the base model, in one small file.

The file has two tensors for each that the checkpoint changed, by network and by its name in the base model's file:

- ``unet.<name>``: by how many steps each number differs, int8 in the tensor's order, deflated (zlib): uint8 (bytes,)
- ``unet.<name>.step``: how much a step is, float32 ()

Its metadata has ``format``, ``base_model``, and as ``unet`` and ``text_encoder`` the SHA-256 of the base model's files.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path

import torch

from adapters.manifest import model_name
from adapters.registry import COMPONENT_FILES, hash_files
from adapters.shapes import NetworkShapes, parameter
from engine.adapters.lora_files import Unusable, opened, read_tensors
from engine.hub import local_file

FORMAT = "sanggar-difference-1"
STEP = ".step"
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


def check_base(file: Path, networks: NetworkShapes, source: str) -> None:
    """Whether ``file`` is the difference to the model ``networks`` of ``source``. Reads the model's files only once.

    :raises Unusable: where it is damaged, or the difference to other weights.
    """
    with opened(file) as whole:
        metadata, names = dict(whole.metadata() or {}), changed_names(whole.keys())
    if not names:
        raise Unusable("the file holds no weights")
    for network, changed in names.items():
        if not networks[network].keys() >= {parameter(name, networks[network]) for name in changed}:
            raise other_base(network, metadata)
        base_file(network, metadata, source)


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
    file = local_file(source, NETWORKS[network])
    if file is None or hash_once(file, file.stat().st_size, file.stat().st_mtime_ns) != metadata.get(network):
        raise other_base(network, metadata)
    return file


@lru_cache(maxsize=8)
def hash_once(file: Path, size: int, changed: int) -> str:
    """SHA-256 of the file as it was with this size and time of change: gigabytes, and each listing asks for it."""
    return hash_files([file])


def other_base(network: str, metadata: Mapping[str, str]) -> Unusable:
    """Says which weights would have to be loaded."""
    name, expected = model_name(metadata.get("base_model", "")), metadata.get(network, "")[:16]
    return Unusable(
        f"it is the difference to other weights of {name} than this model has, with the SHA-256 {expected}... of "
        f"{NETWORKS[network]}: load those, or train it again on these"
    )


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
