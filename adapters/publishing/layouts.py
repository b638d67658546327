"""LoRA files in every layout that is found in the wild, rewritten to the one that the engine reads.

- diffusers: ``unet.<layer>.lora_A.weight``, ``unet.<layer>.lora.down.weight``, alpha in the header
  ``text_encoder.<layer>.lora_linear_layer.down.weight``, ``<block>.processor.to_q_lora.down.weight``
- PEFT: ``base_model.model.<layer>.lora_A.weight``; alpha in ``adapter_config.json``
- kohya, LyCORIS: ``lora_unet_<layer with _>.lora_down.weight``, ``lora_te_<...>``, ``<...>.alpha``; LoHa, LoKr

The canonical layout is ``<network>.<layer>.lora_A.weight`` and ``lora_B``, with alpha multiplied into ``lora_B``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from adapters.manifest import AdapterError
from adapters.publishing.base_models import BaseModel
from adapters.publishing.low_rank import low_rank
from adapters.publishing.recognising import made_for, other_kind
from adapters.publishing.scales import Scales
from adapters.shapes import Shape, lora_fault
from engine.adapters.differences import FORMAT

_LAYER = r"(?P<layer>.+?)(?:\.lora|\.lora_linear_layer|_lora)?"
_LYCORIS = r"hada_[wt][12](?:_[ab])?|lokr_[wt][12](?:_[ab])?"
KEY = re.compile(
    rf"{_LAYER}\.(?:(?P<side>down|up|lora_down|lora_up|lora_mid|lora_[AB](?:\.\w+)?)\.weight|(?P<part>alpha|scalar|{_LYCORIS}))"
)
SIDES = {"lora_A": "down", "lora_B": "up", "lora_down": "down", "lora_up": "up", "lora_mid": "mid"}
PREFIXES = {
    "unet": ("unet.", "lora_unet_", "lycoris_unet_"),
    "text_encoder": ("text_encoder.", "lora_te_", "lora_te1_", "lycoris_te_"),
}
PEFT = "base_model.model."
DIFFERENCE = (
    "a DreamBooth checkpoint that was made compact; add the folder in which it lies beside its manifest.json, which "
    "says what it is"
)
OLD_ATTENTION = re.compile(r"self_attn\.to_(q|k|v|out)$")

Tensors = dict[str, torch.Tensor]


def canonical(file: Path, base: BaseModel) -> Tensors:
    """The LoRA in ``file`` in the canonical layout, for ``base``. Raises AdapterError saying what the file is else."""
    tensors, header = read_tensors(file)
    if header.get("format") == FORMAT:
        raise AdapterError(f"{file}: {DIFFERENCE}")
    if said := other_kind(tensors):
        raise AdapterError(f"{file}: {said}")
    scales = Scales(file, header)
    scales.check()
    tables = {network: names_of(shapes) for network, shapes in base.networks.items()}
    layers: dict[tuple[str, str], Tensors] = {}
    for key, tensor in tensors.items():
        match = KEY.fullmatch(key)
        place = find_layer(match["layer"], tables) if match else None
        if match is None or place is None:
            raise AdapterError(f"{file}: not a LoRA for {base.name}: {_strange(key, tensors, base)}")
        part = match["part"] or match["side"].split(".")[0]
        part = SIDES.get(part, part)
        if part in layers.setdefault(place, {}):
            raise AdapterError(f"{file}: the key {key!r} is for a layer that the file has already under another name")
        layers[place][part] = tensor
    written: Tensors = {}
    for (network, layer), parts in layers.items():
        written |= rewrite(network, layer, parts, scales, base.networks[network][f"{layer}.weight"])
    check(file, written, base)
    return written


def rewrite(network: str, layer: str, parts: Tensors, scales: Scales, weight: Shape) -> Tensors:
    """A layer's two matrices, of the kind of its weight; half precision if that loses nothing."""
    name = f"{network}.{layer}"
    (down, up), rank = low_rank(name, parts)
    scale = 1.0 if rank is None else scales.scale(network, layer, parts.get("alpha"), rank)
    up = up.float() * scale * float(parts["scalar"].float() if "scalar" in parts else 1)
    down = down.float()
    if down[0].numel() == torch.Size(weight[1:]).numel():
        down = down.reshape(len(down), *weight[1:])
    if up.shape[2:].numel() == 1:
        up = up.reshape(*up.shape[:2], *[1] * (len(weight) - 2))
    return {f"{name}.lora_A.weight": _halved(down), f"{name}.lora_B.weight": _halved(up)}


def check(file: Path, matrices: Tensors, base: BaseModel) -> None:
    """Raises AdapterError if the matrices cannot be laid over the base model, or hold what is no number."""
    shapes = {key: tuple(tensor.shape) for key, tensor in matrices.items()}
    if fault := lora_fault(shapes, base.networks):
        raise AdapterError(f"{file}: not for {base.name}: {made_for(shapes, base.networks) or fault}")
    if bad := [key for key, tensor in matrices.items() if not tensor.isfinite().all()]:
        raise AdapterError(f"{file}: {bad[0]} holds numbers that are not finite; the training that made it went wrong")


def read_tensors(file: Path) -> tuple[Tensors, dict[str, str]]:
    """The tensors and the header's texts. Raises AdapterError."""
    try:
        with safe_open(file, "pt") as whole:
            return {key: whole.get_tensor(key) for key in whole.keys()}, dict(whole.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError, ValueError):
        raise AdapterError(f"{file}: truncated, or not a safetensors file") from None


def names_of(shapes: Mapping[str, Shape]) -> dict[str, str]:
    """The layers of a network, by every way in which their names are written."""
    layers = [key.removesuffix(".weight") for key, shape in shapes.items() if len(shape) in {2, 4}]
    names = {}
    for layer in layers:
        bare = layer.removeprefix("text_model.")
        for written in (bare, f"text_model.{bare}", layer):
            names[written] = names[written.replace(".", "_")] = layer
            names.setdefault(written.removesuffix(".0"), layer)
    return names


def find_layer(written: str, tables: Mapping[str, Mapping[str, str]]) -> tuple[str, str] | None:
    """The network and the dotted name that a file means by ``written``; None if no network has such a layer."""
    written = written.removeprefix(PEFT)
    for network, prefixes in PREFIXES.items():
        for prefix in prefixes:
            if written.startswith(prefix) and (layer := _layer(written.removeprefix(prefix), tables[network])):
                return network, layer
    found = [(network, layer) for network, table in tables.items() if (layer := _layer(written, table))]
    return found[0] if found else None


def _layer(written: str, table: Mapping[str, str]) -> str | None:
    plain = written.removeprefix(PEFT).replace(".processor.", ".")
    old = OLD_ATTENTION.sub(lambda match: f"self_attn.{match[1]}_proj", plain)
    return table.get(plain) or table.get(old)


def _strange(key: str, tensors: Tensors, base: BaseModel) -> str:
    """What is said of a file that has a key of no layer."""
    if not any(KEY.fullmatch(other) for other in tensors):
        return "it holds no low-rank matrices at all"
    return f"the model has no layer for {key[:200]!r}"


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    half = tensor.half()
    return (half if torch.equal(half.float(), tensor) else tensor).contiguous()
