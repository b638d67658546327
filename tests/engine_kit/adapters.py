"""Adapters with random weights for tiny models: as the adapters' folder has them, and as they are found elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPTextModel

from adapters.manifest import Manifest
from adapters.registry import COMPONENT_FILES, LORA_FILE, hash_files

Layout = Literal["diffusers", "diffusers-old", "peft", "kohya"]
Tensors = dict[str, torch.Tensor]
UNET_LAYERS = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "conv1", "conv")
TEXT_LAYERS = ("q_proj", "k_proj", "v_proj", "out_proj")


def write_lora(
    folder: Path,
    base: Path,
    *,
    layout: Layout = "diffusers",
    rank: int = 4,
    alpha: float | None = None,
    seed: int = 0,
    text: bool = True,
    edit: Callable[[Tensors], None] = lambda tensors: None,
    **manifest: Any,
) -> Path:
    """A LoRA named as its folder, for the model in ``base``; ``edit`` may spoil the tensors.

    Only the layout ``diffusers``, without ``alpha``, is the one that the engine reads.
    """
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    layers = {"unet": _layers(UNet2DConditionModel.from_pretrained(base / "unet"), UNET_LAYERS)}
    if text:
        layers["text_encoder"] = _layers(CLIPTextModel.from_pretrained(base / "text_encoder"), TEXT_LAYERS)
    tensors: Tensors = {}
    for network, found in layers.items():
        for name, layer in found.items():
            tensors |= _named(layout, network, name, _pair(layer, rank), alpha)
    edit(tensors)
    if layout == "peft":
        config = {"peft_type": "LORA", "r": rank, "lora_alpha": rank if alpha is None else alpha}
        (folder / "adapter_config.json").write_text(json.dumps(config))
    save_file(tensors, folder / LORA_FILE)
    return _manifest(folder, base, kind="lora", rank=rank, **manifest)


def write_peft(folder: Path, base: Path, *, rank: int = 4, alpha: float = 6.0, seed: int = 0, **options: Any) -> Any:
    """A LoRA as the PEFT library itself writes it, with more ``options`` of its; returns the U-Net with it in place."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    layers = ["to_q", "to_out.0", "ff.net.2", "conv1"]
    config = LoraConfig(r=rank, lora_alpha=alpha, target_modules=layers, init_lora_weights=False, **options)
    adapted = get_peft_model(unet, config)
    config.save_pretrained(str(folder))
    save_file(get_peft_model_state_dict(adapted, save_embedding_layers=False), folder / LORA_FILE)
    _manifest(folder, base, kind="lora", rank=rank, base_model=str(base))
    return adapted.get_base_model().eval()


def write_dreambooth(
    folder: Path,
    base: Path,
    seed: int = 0,
    edit: Callable[[Tensors], None] = lambda tensors: None,
    **manifest: Any,
) -> Path:
    """A checkpoint whose cross-attention and first text layer differ from ``base``; all else is left out."""
    torch.manual_seed(seed)
    for file, part in zip(COMPONENT_FILES, ("layers.0", "attn2"), strict=True):
        tensors = {key: value for key, value in load_file(base / file).items() if part in key}
        (folder / file).parent.mkdir(parents=True)
        changed = {key: value + 0.05 * torch.randn_like(value) for key, value in tensors.items()}
        edit(changed)
        save_file(changed, folder / file)
    return _manifest(folder, base, kind="dreambooth", **manifest)


def complete_checkpoint(folder: Path, base: Path) -> dict[str, Tensors]:
    """Every tensor of the checkpoint's networks, by network."""
    networks = {file.split("/", maxsplit=1)[0]: file for file in COMPONENT_FILES}
    return {name: load_file(base / file) | load_file(folder / file) for name, file in networks.items()}


def _manifest(folder: Path, base: Path, kind: str, **fields: Any) -> Path:
    files = [folder / name for name in ((LORA_FILE,) if kind == "lora" else COMPONENT_FILES)]
    schedule = json.loads((base / "scheduler" / "scheduler_config.json").read_text())
    described = {
        "name": folder.name,
        "title": folder.name.title(),
        "kind": kind,
        "base_model": base.name,
        "prediction_type": schedule["prediction_type"],
        "sha256": hash_files(files),
        "licence": "CC0-1.0",
    }
    Manifest.model_validate(described | fields).write(folder / "manifest.json")
    return folder


def _layers(network: Any, endings: tuple[str, ...]) -> dict[str, nn.Module]:
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and name.endswith(tuple("." + ending for ending in endings))
    }


def _pair(layer: Any, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Down and up, strong enough to show."""
    weight = layer.weight
    down = torch.randn(rank, *weight.shape[1:]) / weight[0].numel() ** 0.5
    up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2)) * 0.3 / rank**0.5
    return down, up


def _named(
    layout: Layout, network: str, name: str, pair: tuple[torch.Tensor, torch.Tensor], alpha: float | None
) -> Tensors:
    down, up = pair
    if layout == "kohya":
        flat = {"unet": "lora_unet_", "text_encoder": "lora_te_"}[network] + _text_name(network, name).replace(".", "_")
        alphas = {} if alpha is None else {f"{flat}.alpha": torch.tensor(float(alpha))}
        return {f"{flat}.lora_down.weight": down, f"{flat}.lora_up.weight": up, **alphas}
    if layout == "peft":
        inner = f"base_model.model.{name}"
        return {f"{inner}.lora_A.weight": down, f"{inner}.lora_B.weight": up}
    if layout == "diffusers-old":
        middle = "lora" if network == "unet" else "lora_linear_layer"
        outer = f"{network}.{_text_name(network, name)}.{middle}"
        return {f"{outer}.down.weight": down, f"{outer}.up.weight": up}
    outer = f"{network}.{name}"
    return {f"{outer}.lora_A.weight": down, f"{outer}.lora_B.weight": up}


def _text_name(network: str, name: str) -> str:
    """Published files name the text encoder's layers under ``text_model``, which newer libraries have dropped."""
    nested = network == "unet" or name.startswith("text_model.")
    return name if nested else f"text_model.{name}"
