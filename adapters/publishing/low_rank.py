"""What a layer's tensors add to its weight, as one pair of matrices. Whatever is exactly of low rank becomes one.

- LoRA, LoCon: ``up @ down``, with ``lora_mid`` (Tucker) ``up @ (mid * down)``
- LoHa (Hadamard product, rank r * r): ``(w1_a @ w1_b) * (w2_a @ w2_b)``
- LoKr (Kronecker product): ``kron(w1, w2)``, each whole or a product

The formulas are LyCORIS' (Yeh et al., 2023).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from adapters.manifest import AdapterError

Tensors = Mapping[str, torch.Tensor]
Pair = tuple[torch.Tensor, torch.Tensor]
"""``down`` (rank, inputs, ...) and ``up`` (outputs, rank, ...); the inputs of a convolution may lie flat."""
RANK_MAX = 1024


def low_rank(layer: str, tensors: Tensors) -> tuple[Pair, int | None]:
    """The pair, and the rank that alpha is divided by; None if alpha does not count. Raises AdapterError."""
    try:
        if "hada_w1_a" in tensors:
            return _hadamard(tensors), len(tensors["hada_w1_b"])
        if any(part.startswith("lokr_") for part in tensors):
            return _kronecker(layer, tensors)
        if "down" not in tensors or "up" not in tensors:
            missing = "down" if "up" in tensors else "up"
            raise AdapterError(f"{layer} has no {missing} weight: the file is not complete")
        return _product(tensors), len(tensors["down"])
    except (RuntimeError, KeyError, IndexError, TypeError):
        raise AdapterError(f"{layer}: the shapes of its matrices do not fit each other") from None


def _product(tensors: Tensors) -> Pair:
    down, up = tensors["down"], tensors["up"]
    if "mid" in tensors:
        down = torch.einsum("mnkl,ni->mikl", tensors["mid"].float(), down.float().flatten(1))
    return down, up


def _factor(tensors: Tensors, name: str) -> Pair:
    """``w1`` or ``w2`` as inner matrix (rank, inputs * window) and outer matrix (outputs, rank)."""
    outer, inner = tensors[f"{name}_a"].float(), tensors[f"{name}_b"].float()
    core = tensors.get(name.replace("_w", "_t"))
    if core is not None:
        return torch.einsum("ijkl,jr->irkl", core.float(), inner).flatten(1), outer.t()
    return inner, outer


def _hadamard(tensors: Tensors) -> Pair:
    """Each rank is a product of a rank of one factor with one of the other."""
    (down1, up1), (down2, up2) = (_factor(tensors, name) for name in ("hada_w1", "hada_w2"))
    down = (down1[:, None] * down2[None]).reshape(-1, down1.shape[1])
    up = (up1[:, :, None] * up2[:, None]).reshape(len(up1), -1)
    return down, up


def _kronecker(layer: str, tensors: Tensors) -> tuple[Pair, int | None]:
    whole = {name: tensors[name].float() for name in ("lokr_w1", "lokr_w2") if name in tensors}
    factors = []
    for name in ("lokr_w1", "lokr_w2"):
        if name in whole:
            factors.append(_identity_pair(whole[name].flatten(1)))
        else:
            down, up = (tensors[f"{name}_{side}"].float() for side in "ba")
            core = tensors.get("lokr_t2") if name == "lokr_w2" else None
            if core is not None:
                down, up = torch.einsum("ijkl,jr->irkl", core.float(), down), up.t()
            factors.append((down.flatten(1), up))
    (down1, up1), (down2, up2) = factors
    if len(down1) * len(down2) > RANK_MAX:
        raise AdapterError(
            f"{layer}: a LoKr of rank {len(down1) * len(down2)}; ranks up to {RANK_MAX} can be drawn with"
        )
    ranks = [len(tensors[f"{name}_b"]) for name in ("lokr_w1", "lokr_w2") if name not in whole]
    return (torch.kron(down1, down2), torch.kron(up1, up2)), ranks[0] if ranks else None


def _identity_pair(matrix: torch.Tensor) -> Pair:
    """A whole matrix as a product with the identity on its shorter side."""
    rows, columns = matrix.shape
    return (matrix, torch.eye(rows)) if rows <= columns else (torch.eye(columns), matrix)
