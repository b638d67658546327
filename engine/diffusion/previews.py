"""Partial pictures: quick looks at an unfinished latent."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch.nn.functional import avg_pool2d, interpolate

from engine.diffusion.pictures import decode

SMALL = 32 * 32
"""Latent cells up to which a partial picture is worth a whole VAE decode."""


class Previewer:
    """Small latents are decoded. Of larger ones each cell becomes a pixel, by the linear map that fits the VAE."""

    def __init__(self, vae: Any) -> None:
        self._vae = vae

    def __call__(self, latents: torch.Tensor) -> torch.Tensor:
        """Pixels (pictures, 3, height, width) in about [-1, 1] of ``latents`` (pictures, channels, height, width)."""
        if latents.shape[-1] * latents.shape[-2] <= SMALL:
            return decode(latents, self._vae)
        return project(latents, self._projection)

    @cached_property
    def _projection(self) -> torch.Tensor:
        return fit_projection(self._vae)


def project(latents: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
    """Pixels (pictures, 3, height, width) in about [-1, 1], one for each latent cell."""
    flat = latents.float().movedim(1, -1)
    return (flat @ projection[:-1] + projection[-1]).movedim(-1, 1)


@torch.inference_mode()
def fit_projection(vae: Any, side: int = 256) -> torch.Tensor:
    """The affine map (channels + 1, 3) from latent to colour: least squares over pictures of soft random colours."""
    like = next(vae.parameters())
    chart = torch.rand(4, 3, 6, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1
    colours = interpolate(chart, (side, side), mode="bilinear").to(like.device, like.dtype)
    latents = vae.encode(colours).latent_dist.mean * vae.config.scaling_factor
    factor = side // latents.shape[-1]
    cells = latents.float().movedim(1, -1).flatten(0, -2).cpu()
    wanted = avg_pool2d(colours.float(), factor).movedim(1, -1).flatten(0, -2).cpu()
    ones = torch.ones(len(cells), 1)
    projection: torch.Tensor = torch.linalg.lstsq(torch.cat([cells, ones], 1), wanted).solution
    return projection.to(like.device)
