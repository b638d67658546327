"""DreamBooth folders in diffusers' layout: whole, sharded or fp16 U-Nets and text encoders."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file

from adapters.manifest import AdapterError
from adapters.publishing.base_models import BaseModel
from adapters.publishing.layouts import Tensors, read_tensors
from adapters.registry import COMPONENT_FILES
from adapters.shapes import checkpoint_fault

CLASSES = {
    "unet": ("diffusers", "UNet2DConditionModel", "diffusion_pytorch_model"),
    "text_encoder": ("transformers", "CLIPTextModel", "model"),
}
"""The library and class that convert a component, and the stem of its file."""
VAE_LEFT_OUT = "its own VAE is not taken: pictures are decoded with the base model's"


def component_files(source: Path) -> dict[str, list[Path]]:
    """The files of each network of a DreamBooth folder: one, or the shards. Raises AdapterError if one is pickled."""
    return {network: files for network in CLASSES if (files := _files(source / network, network))}


def _files(folder: Path, network: str) -> list[Path]:
    library, name, stem = CLASSES[network]
    for variant in ("", ".fp16"):
        if (folder / f"{stem}{variant}.safetensors").is_file():
            return [folder / f"{stem}{variant}.safetensors"]
        indices = (
            folder / f"{stem}.safetensors.index{variant}.json",
            folder / f"{stem}{variant}.safetensors.index.json",
        )
        for index in indices:
            if index.is_file():
                return _shards(index)
    if any(folder.glob(f"{stem}*.bin")) or any(folder.glob("pytorch_model*.bin")):
        raise AdapterError(
            f"{folder}: pickled weights can run programs and are not read; if you trust them, convert them with: "
            f"python -c \"from {library} import {name}; {name}.from_pretrained('{folder}', use_safetensors=False)"
            f".save_pretrained('{folder}')\""
        )
    return []


def _shards(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise AdapterError(f"{index}: cannot be read") from None
    shards = [index.with_name(Path(name).name) for name in names]
    if missing := [shard.name for shard in shards if not shard.is_file()]:
        raise AdapterError(f"{index.parent}: not complete, without {', '.join(missing)}")
    return shards


def copy_components(source: Path, target: Path, base: BaseModel) -> str:
    """Writes the networks, each as one file, and says what was left out. Raises AdapterError if they are not base's."""
    for network, files in component_files(source).items():
        tensors: Tensors = {}
        for file in files:
            tensors |= read_tensors(file)[0]
        shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
        if fault := checkpoint_fault(network, shapes, base.networks):
            raise AdapterError(f"{source}: not for {base.name}: {fault}")
        if bad := [key for key, tensor in tensors.items() if not tensor.isfinite().all()]:
            raise AdapterError(f"{source}: {network}.{bad[0]} holds numbers that are not finite")
        place = target / next(name for name in COMPONENT_FILES if name.startswith(network))
        place.parent.mkdir()
        save_file(tensors, place, metadata={"format": "pt"})
    return VAE_LEFT_OUT if (source / "vae").is_dir() else ""
