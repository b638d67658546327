"""What an adapter says of itself: ``manifest.json`` beside its weights. Imports no torch.

::

    AdapterError          anything wrong with an adapter; the message is for the person who runs Sanggar
    ├── ManifestError     the manifest cannot be read; names the file and the field
    ├── BrokenAdapter     the weights are missing, truncated or not those of the manifest
    └── UnknownAdapter    no adapter of that name; lists those there are
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

MANIFEST = "manifest.json"
SLUG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"
"""Names: lower-case letters and digits in groups joined by one of ``- _ .``; safe as a folder and in a URL."""

Kind = Literal["lora", "dreambooth"]
PredictionType = Literal["epsilon", "v_prediction", "sample"]


class AdapterError(Exception):
    """The root of what can go wrong with adapters."""


class ManifestError(AdapterError):
    """A manifest that cannot be read."""


class BrokenAdapter(AdapterError):
    """Weights that are missing, truncated or not the ones that the manifest names."""


class UnknownAdapter(AdapterError):
    """No adapter of that name."""


class Manifest(BaseModel):
    """One adapter, described. Adapters never change, so neither does this."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=SLUG, max_length=100)
    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=1000)
    kind: Kind
    base_model: str = Field(min_length=1)
    """``nano``, or a Hugging Face id."""
    prediction_type: PredictionType
    rank: int | None = Field(default=None, ge=1, le=1024)
    """Rank of a LoRA; None for DreamBooth."""
    trigger_words: tuple[str, ...] = ()
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the weights: the LoRA's file, or all component files one after the other in order of their paths."""
    licence: str = Field(min_length=1)
    """An SPDX expression."""
    recipe: dict[str, Any] | None = None
    """The training recipe that made it, as it was read."""

    @model_validator(mode="after")
    def _rank_fits_kind(self) -> Manifest:
        if (self.rank is None) == (self.kind == "lora"):
            raise ValueError("a LoRA needs its rank" if self.kind == "lora" else "DreamBooth has no rank")
        return self

    def write(self, path: Path) -> None:
        """Writes the manifest as JSON, fields in the order above."""
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """The manifest in file ``path``; raises ManifestError."""
    try:
        return Manifest.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        faults = "; ".join(f"{_field(fault['loc'])}: {fault['msg']}" for fault in error.errors())
        raise ManifestError(f"{path}: {faults}") from None
    except ValueError as error:
        raise ManifestError(f"{path}: not JSON: {error}") from None
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from None


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "rank"
