"""Weights that were made elsewhere, in our layout: LoRAs of diffusers, PEFT or kohya, DreamBooth folders."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from adapters.manifest import AdapterError, Kind
from adapters.registry import COMPONENT_FILES, LORA_FILE

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
    """Alpha over rank by layer, from the file's own alphas or PEFT's configuration beside it.

    PEFT's ``use_rslora`` is alpha over the root of the rank (Kalajdzievski 2023).
    """
    config = peft_config(file)
    known = {
        canonical_name(key.removesuffix(".alpha")).removesuffix(f".{DOWN}"): alpha for key, alpha in alphas.items()
    }
    scales = {}
    for key, tensor in tensors.items():
        if key.endswith(DOWN):
            layer, rank = key.removesuffix(f".{DOWN}"), len(tensor)
            alpha = known.get(layer, config.get("lora_alpha"))
            scales[layer] = 1.0 if alpha is None else float(alpha) / (rank**0.5 if config.get("use_rslora") else rank)
    return scales


def peft_config(file: Path) -> dict[str, Any]:
    """``adapter_config.json`` beside the file, empty where it is not there. Raises AdapterError."""
    config = file.with_name("adapter_config.json")
    try:
        found: dict[str, Any] = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    except ValueError:
        raise AdapterError(f"{config}: not JSON") from None
    if found.get("alpha_pattern"):
        raise AdapterError(f"{config}: alpha_pattern: layers with an alpha of their own are not read")
    return found
