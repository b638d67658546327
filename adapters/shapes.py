"""Whether weights have the shapes of a model. Imports no torch."""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping

Shape = tuple[int, ...]
NetworkShapes = Mapping[str, Mapping[str, Shape]]
"""The shapes of a model's parameters by dotted name, by network: ``unet`` and ``text_encoder``."""
CANONICAL = re.compile(r"(?P<network>unet|text_encoder)\.(?P<layer>.+)\.lora_(?P<side>[AB])\.weight")
"""The keys of a LoRA in the adapters' folder: A (rank, inputs) and B (outputs, rank), with alpha multiplied in."""


def lora_fault(matrices: Mapping[str, Shape], networks: NetworkShapes) -> str:
    """Why a LoRA of these keys and shapes cannot be laid over the model; empty if it can be."""
    layers: dict[tuple[str, str], dict[str, Shape]] = {}
    for key, shape in matrices.items():
        if not (match := CANONICAL.fullmatch(key)):
            return f"the key {key[:200]!r} is none of a LoRA's"
        network, layer, side = match["network"], match["layer"], match["side"]
        weight = parameter(f"{layer}.weight", networks[network])
        if len(networks[network].get(weight, ())) not in {2, 4} or weight.endswith("_embedding.weight"):
            return f"the key {key[:200]!r} cannot be applied to this model: it has no such layer"
        sides = layers.setdefault((network, weight), {})
        if side in sides:
            return f"the key {key[:200]!r} is for a layer that the file has already under another name"
        sides[side] = shape
    for (network, weight), sides in layers.items():
        layer = f"{network}.{weight.removesuffix('.weight')}"
        if len(sides) < 2:
            return f"{layer} has no {'down' if 'B' in sides else 'up'} weight"
        whole = networks[network][weight]
        if not pair_fits(sides["A"], sides["B"], whole):
            maps = f"the layer maps {math.prod(whole[1:])} to {whole[0]}"
            return f"{layer} has shapes {sides['A']} and {sides['B']}; {maps}"
    return "" if layers else "the file holds no weights"


def pair_fits(down: Shape, up: Shape, weight: Shape) -> bool:
    """Whether ``down`` leads from the layer's inputs to a rank of 1 or more, and ``up`` from there to its outputs."""
    if len(down) < 2 or len(up) < 2 or not down[0]:
        return False
    windows = math.prod(weight[2:]) == 1 or down[2:] == weight[2:]
    inputs_fit = math.prod(down[1:]) == math.prod(weight[1:])
    return windows and inputs_fit and (*up[:2], math.prod(up[2:])) == (weight[0], down[0], 1)


def checkpoint_fault(network: str, tensors: Mapping[str, Shape], networks: NetworkShapes) -> str:
    """Why tensors of these names and shapes are none of the model's network; empty if they are."""
    for key, shape in tensors.items():
        if key.endswith("position_ids"):
            continue
        if (name := parameter(key, networks[network])) not in networks[network]:
            return f"the key {network}.{key} cannot be applied to this model"
        if shape != networks[network][name]:
            return f"{network}.{key} has the shape {shape}; the model's is {networks[network][name]}"
    return ""


def parameter(written: str, names: Container[str]) -> str:
    """The model's name of a parameter: releases of the libraries differ in whether ``text_model.`` leads."""
    known = (written, written.removeprefix("text_model."), f"text_model.{written}")
    return next((name for name in known if name in names), written)
