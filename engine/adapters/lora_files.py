"""LoRA files in diffusers', PEFT's and kohya's layouts, read into the layers that they change.

- diffusers: ``unet.<layer>.lora_A.weight``, ``unet.<layer>.lora.down.weight``,
  ``text_encoder.<layer>.lora_linear_layer.down.weight``, ``<block>.processor.to_q_lora.down.weight``
- PEFT: ``base_model.model.<layer>.lora_A.weight``; alpha in ``adapter_config.json`` or the file's metadata
- kohya: ``lora_unet_<layer with _>.lora_down.weight``, ``lora_te_<...>``, ``<...>.alpha``
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from engine.adapters.lora import LayerPairs, LowRankPair, fan
from engine.transfer import send

_LAYER = r"^(?P<layer>.+?)(?:\.lora|\.lora_linear_layer|_lora)?"
WEIGHT = re.compile(_LAYER + r"\.(?P<side>down|up|lora_down|lora_up|lora_[AB](?:\.\w+)?)\.weight$")
ALPHA = re.compile(_LAYER + r"\.alpha$")
PREFIXES = {"unet": ("unet.", "lora_unet_"), "text_encoder": ("text_encoder.", "lora_te_", "lora_te1_")}


class Unusable(Exception):
    """The file cannot be applied to this model; the message says why."""


@dataclass(frozen=True)
class LoraWeights:
    """What a file changes, by network."""

    unet: LayerPairs
    text_encoder: LayerPairs


def read_lora(file: Path, networks: Mapping[str, Mapping[str, nn.Linear | nn.Conv2d]], max_rank: int) -> LoraWeights:
    """Read ``file`` for ``networks`` (``unet`` and ``text_encoder``: layers by dotted name).

    :raises Unusable: where it is damaged, or has a key, shape or rank that cannot be applied.
    """
    tensors, metadata = read_tensors(file)
    alphas = Alphas(file, metadata)
    pairs: dict[tuple[str, str], dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        match = WEIGHT.match(key) or ALPHA.match(key)
        place = find_layer(match["layer"], networks) if match else None
        if match is None or place is None:
            raise Unusable(f"the key {key!r} cannot be applied to this model")
        side = match.groupdict().get("side", "alpha").split(".")[0].removeprefix("lora_")
        side = {"A": "down", "B": "up"}.get(side, side)
        if side in pairs.setdefault(place, {}):
            raise Unusable(f"the key {key!r} is for a layer that the file has already under another name")
        pairs[place][side] = tensor
    parts: dict[str, dict[str, LowRankPair]] = {"unet": {}, "text_encoder": {}}
    for (network, name), found in pairs.items():
        layer = networks[network][name]
        check_pair(f"{network}.{name}", found, layer)
        parts[network][name] = make_part(found, layer, alphas.scale(network, name, found))
    check_ranks(parts, max_rank)
    return LoraWeights(**parts)


def read_tensors(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """:raises Unusable: where ``file`` is no whole safetensors file or holds numbers that are not finite."""
    with opened(file) as whole:
        tensors = {key: whole.get_tensor(key) for key in whole.keys()}  # noqa: SIM118
        metadata = dict(whole.metadata() or {})
    if not tensors:
        raise Unusable("the file holds no weights")
    if bad := [key for key, tensor in tensors.items() if not torch.isfinite(tensor.float()).all()]:
        raise Unusable(f"{bad[0]!r} holds numbers that are not finite")
    return tensors, metadata


def read_shapes(file: Path) -> list[list[int]]:
    """Shapes of all tensors in ``file``.

    :raises Unusable: where it is no whole safetensors file.
    """
    with opened(file) as whole:
        return [whole.get_slice(key).get_shape() for key in whole.keys()]  # noqa: SIM118


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """:raises Unusable: where ``file`` is no whole safetensors file."""
    try:
        with safe_open(file, "pt") as whole:
            yield whole
    except (SafetensorError, OSError, ValueError):
        raise Unusable("the file is truncated or not in safetensors format") from None


def find_layer(written: str, networks: Mapping[str, Mapping[str, Any]]) -> tuple[str, str] | None:
    """The network and the dotted name that the file means by ``written``."""
    written = written.removeprefix("base_model.model.")
    for network, prefixes in PREFIXES.items():
        for prefix in prefixes:
            if written.startswith(prefix):
                found = match_name(written.removeprefix(prefix), networks[network])
                return (network, found) if found else None
    found = match_name(written, networks["unet"])
    return ("unet", found) if found else None


def match_name(written: str, layers: Mapping[str, Any]) -> str | None:
    """The layer of that name: dotted, with underscores, as an attention processor, or with another nesting."""
    plain = written.removeprefix("base_model.model.").replace(".processor.", ".")
    for name in (plain, plain + ".0", plain.removeprefix("text_model."), "text_model." + plain):
        if name in layers:
            return name
    flat = {name.replace(".", "_"): name for name in layers}
    return flat.get(plain) or flat.get(plain.removeprefix("text_model_")) or flat.get("text_model_" + plain)


def check_pair(name: str, found: Mapping[str, torch.Tensor], layer: nn.Linear | nn.Conv2d) -> None:
    """:raises Unusable: where the pair is not complete or does not fit ``layer``."""
    if "down" not in found or "up" not in found:
        raise Unusable(f"{name} has no {'down' if 'up' in found else 'up'} weight")
    if not fits(found["down"], found["up"], layer):
        shapes = f"{tuple(found['down'].shape)} and {tuple(found['up'].shape)}"
        inputs, outputs = fan(layer)
        raise Unusable(f"{name} has shapes {shapes}; the layer maps {inputs} to {outputs}")


def fits(down: torch.Tensor, up: torch.Tensor, layer: nn.Linear | nn.Conv2d) -> bool:
    """Whether ``down`` leads from the layer's inputs to a rank, and ``up`` from there to its outputs."""
    if down.ndim < 2 or up.ndim < 2 or not len(down):
        return False
    inputs, outputs = fan(layer)
    windows = isinstance(layer, nn.Linear) or layer.kernel_size == (1, 1) or down.shape[2:] == layer.kernel_size
    return windows and down[0].numel() == inputs and up.shape[:2] == (outputs, len(down)) and up[0, 0].numel() == 1


def make_part(found: Mapping[str, torch.Tensor], layer: nn.Linear | nn.Conv2d, scale: float) -> LowRankPair:
    """The pair as the layer's slots hold it."""
    (inputs, outputs), like = fan(layer), layer.weight
    down = found["down"].reshape(-1, inputs)
    up = found["up"].reshape(outputs, -1).t().float() * scale
    return LowRankPair(*(send(side.to(like.dtype).contiguous(), like.device) for side in (down, up)))


def check_ranks(parts: Mapping[str, LayerPairs], max_rank: int) -> None:
    """:raises Unusable: where a rank is beyond the bound."""
    highest = max(part.rank for network in parts.values() for part in network.values())
    if highest > max_rank:
        raise Unusable(f"its rank is {highest}; SANGGAR_MAX_RANK is {max_rank}")


class Alphas:
    """Where a layout keeps alpha: a tensor per layer, the file's metadata, or ``adapter_config.json``."""

    def __init__(self, file: Path, metadata: Mapping[str, str]) -> None:
        self._metadata = _json(metadata.get("lora_adapter_metadata", "{}"))
        config = file.with_name("adapter_config.json")
        self._config = _json(config.read_bytes()) if config.is_file() else {}

    def scale(self, network: str, layer: str, found: Mapping[str, torch.Tensor]) -> float:
        """What the product is multiplied by: alpha / rank, or alpha / sqrt(rank) (rsLoRA; Kalajdzievski, 2023)."""
        try:
            alpha = self._alpha(network, layer, found)
            rank = len(found["down"])
            return 1.0 if alpha is None else float(alpha) / (rank**0.5 if self._said(network, "use_rslora") else rank)
        except (TypeError, ValueError, RuntimeError, AttributeError, re.error):
            raise Unusable(f"alpha of {network}.{layer} cannot be read") from None

    def _alpha(self, network: str, layer: str, found: Mapping[str, torch.Tensor]) -> Any:
        """None means that alpha equals the rank."""
        if "alpha" in found:
            return found["alpha"]
        for pattern, alpha in (self._said(network, "alpha_pattern") or {}).items():
            if re.search(rf"(^|\.){pattern}$", layer):
                return alpha
        return self._said(network, "lora_alpha")

    def _said(self, network: str, key: str) -> Any:
        return self._metadata.get(f"{network}.{key}", self._config.get(key))


def _json(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise Unusable("its alpha cannot be read: the metadata is not JSON") from None
    return value if isinstance(value, dict) else {}
