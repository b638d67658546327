"""diffusers' ``StableDiffusionPipeline`` as the judge of the engine's pictures."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from PIL import Image

from engine.protocol import SAMPLERS

Pixels = NDArray[np.int16]
SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "DPM2": ("KDPM2DiscreteScheduler", {}),
    "DPM2 a": ("KDPM2AncestralDiscreteScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "LMS": ("LMSDiscreteScheduler", {}),
    "UniPC": ("UniPCMultistepScheduler", {}),
    "DDIM": ("DDIMScheduler", {}),
    "PLMS": ("PNDMScheduler", {"skip_prk_steps": True}),
    "DPM++ SDE": ("DPMSolverSDEScheduler", {}),
}
"""The diffusers scheduler behind each name, and how to initialise it, copied from diffusers' documentation and not from
the engine. The first nine are in its table of A1111 and k-diffusion names (API, Schedulers, Overview), DDIM and PLMS
have pages of their own. The one exception is DPM++ SDE: the table names DPMSolverSinglestepScheduler, which draws no
noise; k-diffusion's ``sample_dpmpp_sde`` does, and DPMSolverSDEScheduler is documented as its port."""


@dataclass(frozen=True)
class Wish:
    """One picture, in the words of the engine's API."""

    prompt: str = "a clever mouse-deer by the river"
    negative_prompt: str = "blurry"
    seed: int = 777
    guidance_scale: float = 7.5
    num_inference_steps: int = 5
    sampler: str = "ddim"
    size: str | None = None
    adapters: tuple[tuple[str, float], ...] = ()

    def body(self) -> dict[str, Any]:
        """The request's JSON."""
        body = {key: value for key, value in vars(self).items() if key != "adapters" and value is not None}
        return body | {"adapters": [{"name": name, "weight": weight} for name, weight in self.adapters]}


def load_pipeline(folder: Path) -> Any:
    pipeline = StableDiffusionPipeline.from_pretrained(
        folder, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    ).to(torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.noise_schedule = pipeline.scheduler.config
    return pipeline


def twin(pipeline: Any) -> Any:
    """A pipeline whose networks can be changed without changing ``pipeline``."""
    parts = dict(pipeline.components)
    parts |= {name: copy.deepcopy(parts[name]) for name in ("unet", "text_encoder")}
    made = StableDiffusionPipeline(**parts, requires_safety_checker=False)
    made.set_progress_bar_config(disable=True)
    made.noise_schedule = pipeline.noise_schedule
    return made


def draw(pipeline: Any, wish: Wish) -> Pixels:
    """What the pipeline draws for ``wish``; its adapters must have been loaded."""
    name, options = SCHEDULERS[SAMPLERS[wish.sampler]]
    if wish.sampler == "dpm++-sde":
        options = options | {"noise_sampler_seed": wish.seed}
    pipeline.scheduler = getattr(diffusers, name).from_config(pipeline.noise_schedule, **options)
    width, height = (int(side) for side in wish.size.split("x")) if wish.size else (None, None)
    picture = pipeline(
        wish.prompt,
        negative_prompt=wish.negative_prompt,
        width=width,
        height=height,
        guidance_scale=wish.guidance_scale,
        num_inference_steps=wish.num_inference_steps,
        generator=torch.Generator("cpu").manual_seed(wish.seed),
    ).images[0]
    return pixels(picture)


def pixels(picture: Image.Image | bytes) -> Pixels:
    """Height x width x 3, signed so that differences do not wrap."""
    image = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    return np.asarray(image.convert("RGB")).astype(np.int16)


def difference(one: Pixels, other: Pixels) -> int:
    """The largest difference of any channel of any pixel, in 1/255."""
    assert one.shape == other.shape
    return int(np.abs(one - other).max())
