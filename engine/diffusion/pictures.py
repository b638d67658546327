"""Latents to pictures: decode, enlarge, and write PNG files that carry their parameters."""

from __future__ import annotations

import io
from typing import Any

import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.sizes import Size


@torch.inference_mode()
def decode(latents: torch.Tensor, vae: Any) -> torch.Tensor:
    """Pixels (pictures, 3, height, width) in about [-1, 1] of ``latents`` (pictures, channels, height, width)."""
    pixels: torch.Tensor = vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0]
    return pixels


def to_images(pixels: torch.Tensor) -> list[Image.Image | None]:
    """Pixels in [-1, 1] as 8-bit RGB, rounded as the pipeline rounds them; None where one is not a finite number."""
    known = pixels.where(pixels.isfinite(), torch.nan)
    unit = (known / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).float().cpu()  # the only wait for the card
    finite = unit.isfinite().flatten(1).all(1).tolist()
    whole = (unit.nan_to_num() * 255).round().to(torch.uint8)
    return [Image.fromarray(picture.numpy()) if good else None for picture, good in zip(whole, finite, strict=True)]


def enlarge(picture: Image.Image, size: Size) -> Image.Image:
    """``picture`` at ``size``, by Lanczos resampling where it is not so already."""
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def to_png(picture: Image.Image, parameters: str | None = None) -> bytes:
    """A PNG; ``parameters`` goes into the text chunk of that name (tEXt, or iTXt where Latin-1 does not suffice)."""
    info = PngInfo()
    if parameters is not None:
        info.add_text("parameters", parameters)
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=info)
    return file.getvalue()
