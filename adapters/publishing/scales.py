"""Where a layout keeps alpha: a tensor of each layer, the file's own header, or ``adapter_config.json`` beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from adapters.manifest import AdapterError


class Scales:
    """What the products of a file's matrices are multiplied by."""

    def __init__(self, file: Path, header: Mapping[str, str]) -> None:
        config = file.with_name("adapter_config.json")
        self._file = file
        self._header = _table(f"{file}: lora_adapter_metadata", header.get("lora_adapter_metadata", "{}"))
        self._config = _table(str(config), config.read_bytes()) if config.is_file() else {}

    def check(self) -> None:
        """Raises AdapterError if the file says that it is more than low-rank matrices."""
        if any(self._said(network, "use_dora") for network in ("unet", "text_encoder")):
            raise AdapterError(f"{self._file}: {DORA}")

    def scale(self, network: str, layer: str, alpha: torch.Tensor | None, rank: int) -> float:
        """Alpha / rank, or alpha / sqrt(rank) (rsLoRA; Kalajdzievski, 2023); 1 if no alpha is said."""
        try:
            said = self._alpha(network, layer) if alpha is None else alpha
            return 1.0 if said is None else float(said) / (rank**0.5 if self._said(network, "use_rslora") else rank)
        except (TypeError, ValueError, RuntimeError, AttributeError, re.error):
            raise AdapterError(f"{self._file}: alpha of {network}.{layer} cannot be read") from None

    def _alpha(self, network: str, layer: str) -> Any:
        for pattern, alpha in (self._said(network, "alpha_pattern") or {}).items():
            if re.search(rf"(^|\.){pattern}$", layer):
                return alpha
        return self._said(network, "lora_alpha")

    def _said(self, network: str, key: str) -> Any:
        return self._header.get(f"{network}.{key}", self._header.get(key, self._config.get(key)))


DORA = "a DoRA, which also scales the base model's own weights; train it again without DoRA (use_dora = false)"


def _table(where: str, text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise AdapterError(f"{where}: not JSON") from None
    return value if isinstance(value, dict) else {}
