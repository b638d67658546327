"""An adapter made elsewhere becomes one of the registry: LoRAs of diffusers, PEFT or kohya, DreamBooth folders."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from adapters.manifest import MANIFEST, AdapterError, Kind, Manifest, read_manifest
from adapters.registry import COMPONENT_FILES, LORA_FILE, Adapter, hash_files

DOWN, UP = "lora_A.weight", "lora_B.weight"
RENAMES = (
    (r"\.processor\.to_out_lora\.", ".to_out.0.lora."),
    (r"\.processor\.to_([qkv])_lora\.", r".to_\1.lora."),
    (r"\.self_attn\.to_out_lora\.", ".self_attn.out_proj.lora."),
    (r"\.self_attn\.to_([qkv])_lora\.", r".self_attn.\1_proj.lora."),
    (r"\.lora_linear_layer\.", ".lora."),
    (r"lora\.down\.weight$", DOWN),
    (r"lora\.up\.weight$", UP),
    (r"lora_([AB])\.default\.weight$", r"lora_\1.weight"),
)
"""What diffusers makes of other layouts, in PEFT's names."""
PICKLES = (".bin", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True)
class Origin:
    """What the weights do not say of themselves."""

    name: str
    title: str
    base_model: str
    prediction_type: str
    licence: str
    trigger_words: tuple[str, ...] = ()


def add_adapter(source: str, into: Path, origin: Origin) -> Adapter:
    """Copies the folder, file or Hugging Face id ``source`` into the folder of adapters. Raises AdapterError."""
    folder = into / origin.name
    if folder.exists():
        raise AdapterError(f"{folder} is there already: choose another name, or remove it first")
    place = Path(source) if Path(source).exists() else download(source)
    staged = into / f".{origin.name}.unfinished"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        kind, rank = copy_weights(place, staged)
        adapter = describe(staged, kind, rank, origin)
        adapter.verify()
        staged.rename(folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Adapter(adapter.manifest, folder)


def adopt_adapter(source: Path, into: Path) -> Adapter:
    """Copies an adapter that has its manifest, such as one that was trained here, under its own name."""
    adapter = Adapter(read_manifest(source / MANIFEST), source)
    adapter.verify()
    folder, staged = into / adapter.name, into / f".{adapter.name}.unfinished"
    if folder.exists():
        raise AdapterError(f"{folder} is there already")
    shutil.rmtree(staged, ignore_errors=True)
    for file in [*adapter.files(), source / MANIFEST]:
        place = staged / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    staged.rename(folder)
    return Adapter(adapter.manifest, folder)


def download(name: str) -> Path:
    """The safetensors files of a Hugging Face repository."""
    try:
        return Path(snapshot_download(name, allow_patterns=["*.safetensors", "*.json"]))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise AdapterError(f"{name} is neither here nor can it be fetched from Hugging Face: {error}") from None


def copy_weights(source: Path, target: Path) -> tuple[Kind, int | None]:
    """Writes the weights in our layout; the kind and, of a LoRA, the highest rank."""
    components = [name for name in COMPONENT_FILES if (source / name).is_file()]
    if components:
        for name in components:
            (target / name).parent.mkdir()
            shutil.copyfile(source / name, target / name)
        return "dreambooth", None
    file = lora_file(source)
    tensors = canonical(file)
    save_file(tensors, target / LORA_FILE, metadata={"format": "pt"})
    return "lora", max(len(tensor) for key, tensor in tensors.items() if key.endswith(DOWN))


def lora_file(source: Path) -> Path:
    """The one safetensors file that ``source`` is or holds."""
    if source.is_file():
        files = [source]
    else:
        known = (source / LORA_FILE, source / "adapter_model.safetensors")
        files = [file for file in known if file.is_file()][:1] or sorted(source.glob("*.safetensors"))
    if any(file.suffix in PICKLES for file in files):
        raise AdapterError(f"{source}: pickled weights can run programs and are not read; convert them to safetensors")
    if len(files) != 1:
        raise AdapterError(f"{source}: {'several' if files else 'no'} safetensors files; name the one that is the LoRA")
    return files[0]


def canonical(file: Path) -> dict[str, torch.Tensor]:
    """A LoRA's matrices as ``unet.<layer>.lora_A.weight`` and so on, alpha multiplied in."""
    try:
        tensors = load_file(file)
    except (SafetensorError, OSError):
        raise AdapterError(f"{file}: truncated, or not a safetensors file") from None
    peft = "base_model.model."
    if all(key.startswith(peft) for key in tensors):
        tensors = {f"unet.{key.removeprefix(peft)}": tensor for key, tensor in tensors.items()}
    state, alphas = StableDiffusionPipeline.lora_state_dict(tensors)
    renamed = {canonical_name(key): tensor for key, tensor in state.items() if not key.endswith(".alpha")}
    if not renamed or any(not key.endswith((DOWN, UP)) for key in renamed):
        raise AdapterError(f"{file}: not a LoRA of diffusers, PEFT or kohya")
    scales = layer_scales(file, alphas or {}, renamed)
    return {
        key: (tensor.float() * scales.get(key.removesuffix(f".{UP}"), 1.0)).half().contiguous()
        for key, tensor in renamed.items()
    }


def canonical_name(key: str) -> str:
    """The key with PEFT's names of the layer and of the two matrices."""
    for pattern, name in RENAMES:
        key = re.sub(pattern, name, key)
    return key


def layer_scales(file: Path, alphas: Mapping[str, float], tensors: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """Alpha over rank by layer, from the file's own alphas or PEFT's ``adapter_config.json``."""
    config = file.with_name("adapter_config.json")
    everywhere = json.loads(config.read_text(encoding="utf-8")).get("lora_alpha") if config.is_file() else None
    known = {
        canonical_name(key.removesuffix(".alpha")).removesuffix(f".{DOWN}"): alpha for key, alpha in alphas.items()
    }
    scales = {}
    for key, tensor in tensors.items():
        if key.endswith(DOWN):
            layer = key.removesuffix(f".{DOWN}")
            alpha = known.get(layer, everywhere)
            scales[layer] = 1.0 if alpha is None else float(alpha) / len(tensor)
    return scales


def describe(folder: Path, kind: Kind, rank: int | None, origin: Origin) -> Adapter:
    """Writes the manifest of the weights in ``folder``."""
    weights = [folder / name for name in (LORA_FILE, *COMPONENT_FILES) if (folder / name).is_file()]
    fields = {**origin.__dict__, "kind": kind, "rank": rank, "sha256": hash_files(weights)}
    path = folder / MANIFEST
    path.write_text(json.dumps(fields), encoding="utf-8")
    read_manifest(path).write(path)
    return Adapter(read_manifest(path), folder)


def remove_adapter(name: str, own: Path) -> Manifest:
    """Deletes one of your own adapters."""
    folder = own / name
    if Path(name).name != name or not (folder / MANIFEST).is_file():
        raise AdapterError(f"{own} has no adapter {name!r}; those that come with Sanggar cannot be removed")
    manifest = read_manifest(folder / MANIFEST)
    shutil.rmtree(folder)
    return manifest
