"""Where features come from: nano's CLIP, or one of the hub, and Inception-v3. The report always names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from transformers import CLIPModel, CLIPProcessor, CLIPTokenizer

from adapters.evaluation.inception import Inception
from adapters.evaluation.metrics import Array
from adapters.manifest import AdapterError
from adapters.preparation.reading import squared
from adapters.training.data import to_tensor
from engine.hub import only_local
from engine.nano import WEIGHTS
from engine.nano.weights import load_clip

LARGE = "openai/clip-vit-large-patch14-336"
AT_ONCE = 32


class PictureBackbone(Protocol):
    """Features of pictures, not normalized."""

    name: str

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        """One row a picture."""
        ...


class Backbone(PictureBackbone, Protocol):
    """Features of pictures and of texts, in one space."""

    def texts(self, texts: Sequence[str]) -> Array:
        """One row a text."""
        ...


class _Clip:
    """A CLIP whose towers take what ``_pixels`` and ``_ids`` give."""

    name: str
    _model: CLIPModel

    def _pixels(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        raise NotImplementedError

    def _ids(self, texts: Sequence[str]) -> dict[str, Any]:
        raise NotImplementedError

    def pictures(self, pictures: Sequence[Image.Image]) -> Array:
        parts = [pictures[start : start + AT_ONCE] for start in range(0, len(pictures), AT_ONCE)]
        device = self._model.device
        with torch.no_grad():
            rows = [self._model.get_image_features(self._pixels(part).to(device)).pooler_output for part in parts]
        return np.asarray(torch.cat(rows).float().cpu())

    def texts(self, texts: Sequence[str]) -> Array:
        with torch.no_grad():
            ids = {name: value.to(self._model.device) for name, value in self._ids(texts).items()}
            rows = self._model.get_text_features(**ids).pooler_output
        return np.asarray(rows.float().cpu())


class NanoClip(_Clip):
    """The CLIP that nano's text encoder comes from; 64x64 pictures."""

    name = "nano CLIP"

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._model = load_clip(weights)
        self._tokenizer = CLIPTokenizer.from_pretrained(weights / "tokenizer")

    def _pixels(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        side = self._model.config.vision_config.image_size
        return torch.stack([to_tensor(squared(picture.convert("RGB"), side)) for picture in pictures])

    def _ids(self, texts: Sequence[str]) -> dict[str, Any]:
        ids = self._tokenizer(list(texts), padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        return {"input_ids": ids.input_ids}


class HubClip(_Clip):
    """A CLIP of the hub or a local folder, such as ViT-L/14 at 336 pixels, which CMMD was proposed with."""

    def __init__(self, name: str = LARGE) -> None:
        self.name = name
        device = "cuda" if torch.cuda.is_available() else "cpu"
        local = {"local_files_only": only_local(name)}
        try:
            self._model = CLIPModel.from_pretrained(name, **local).eval().to(device)
            self._processor = CLIPProcessor.from_pretrained(name, **local)
        except (OSError, ValueError):
            raise AdapterError(f"{name}: no such folder, and not to be had from Hugging Face; see --backbone") from None

    def _pixels(self, pictures: Sequence[Image.Image]) -> torch.Tensor:
        pixels: torch.Tensor = self._processor(images=list(pictures), return_tensors="pt").pixel_values
        return pixels

    def _ids(self, texts: Sequence[str]) -> dict[str, Any]:
        return dict(self._processor(text=list(texts), padding=True, truncation=True, return_tensors="pt"))


@dataclass(frozen=True)
class FeatureExtractors:
    """What looks at the pictures: a CLIP, and where there is one Inception-v3 for the Frechet distance."""

    clip: Backbone
    inception: PictureBackbone | None = None
    unbiased: bool = False
    """Which estimate of CMMD; the authors' is biased."""

    @property
    def frechet(self) -> PictureBackbone:
        return self.inception or self.clip


def load_backbone(name: str, base_model: str) -> Backbone:
    """``nano``, or a CLIP's hub id or folder; where no name is given, the one that suits the base model.

    That is nano's own for nano, and for others a large one, or nano's where that cannot be had.
    """
    if name or base_model == "nano":
        return NanoClip() if name in {"", "nano"} else HubClip(name)
    try:
        return HubClip()
    except AdapterError:
        return NanoClip()


def load_eyes(
    clip: str, inception: Path | None = None, *, unbiased: bool = False, base_model: str = "nano"
) -> FeatureExtractors:
    """The CLIP (see ``load_backbone``), and Inception-v3 from its file. Raises AdapterError where one is not there."""
    return FeatureExtractors(load_backbone(clip, base_model), Inception(inception) if inception else None, unbiased)
