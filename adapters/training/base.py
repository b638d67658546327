"""The base model of a training run, in its parts, and what it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextModel

from adapters.manifest import AdapterError, PredictionType
from engine.diffusion.model import ADVICE, ModelMissing, explain, find_source, read_part
from engine.hub import only_local

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}

PARTS = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextModel}
"""What has weights; read as the engine reads it."""


@dataclass
class Base:
    """A Stable Diffusion on one device. ``noise`` has the training schedule; ``dtype`` is that of autocast."""

    pipeline: StableDiffusionPipeline
    noise: DDPMScheduler
    device: torch.device
    dtype: torch.dtype

    @property
    def unet(self) -> Any:
        return self.pipeline.unet

    @property
    def text_encoder(self) -> Any:
        return self.pipeline.text_encoder

    @property
    def prediction_type(self) -> PredictionType:
        kind: PredictionType = self.noise.config.prediction_type
        return kind

    @property
    def native(self) -> int:
        """Side in pixels of the pictures that the model was trained on."""
        return int(self.unet.config.sample_size) * int(self.pipeline.vae_scale_factor)

    def autocast(self) -> torch.autocast:
        """Mixed precision where the dtype asks for it."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32)

    def tokenize(self, prompts: Sequence[str]) -> torch.Tensor:
        """Token ids (prompts, 77) on the device."""
        tokenizer = self.pipeline.tokenizer
        length = tokenizer.model_max_length
        ids = tokenizer(
            list(prompts), padding="max_length", max_length=length, truncation=True, return_tensors="pt"
        ).input_ids
        return torch.as_tensor(ids, device=self.device)

    def draw(self, prompts: Sequence[str], seed: int, steps: int, guidance_scale: float) -> list[Image.Image]:
        """One picture a prompt, all from the noise of ``seed``, with the weights as they are now."""
        pictures = []
        with self.autocast():
            for prompt in prompts:
                drawn = self.pipeline(
                    prompt,
                    num_inference_steps=steps,
                    guidance_scale=guidance_scale,
                    generator=torch.Generator("cpu").manual_seed(seed),
                )
                pictures.append(drawn.images[0])
        return pictures


def quieten() -> None:
    """No progress bars and remarks of the libraries while they load: the run has its own bar."""
    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.disable_progress_bar()
        library.set_verbosity_error()


def load_pipeline(name: str) -> StableDiffusionPipeline:
    """Nano, a local folder or a model of the hub. Raises AdapterError."""
    try:
        source = find_source(name)
        offline = only_local(source)
        try:
            parts = {name: read_part(kind, source, name, local_files_only=offline) for name, kind in PARTS.items()}
            return StableDiffusionPipeline.from_pretrained(
                source, safety_checker=None, local_files_only=offline, **parts
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise explain(name, source, error, offline=offline) from None
    except ModelMissing as error:
        raise AdapterError(f"base_model: {str(error).removesuffix(ADVICE).strip()}") from None


def load_base(name: str, precision: str = "fp32") -> Base:
    """The model of that name (see ``Recipe.base_model``) in fp32, frozen, on the GPU where there is one.

    Raises AdapterError where it is not to be had.
    """
    quieten()
    pipeline = load_pipeline(name)
    pipeline.set_progress_bar_config(disable=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for module in (pipeline.unet, pipeline.text_encoder, pipeline.vae):
        module.float().requires_grad_(False).to(device)
        module.eval()
    noise = DDPMScheduler.from_config(pipeline.scheduler.config)
    return Base(pipeline, noise, device, DTYPES[precision] if device.type == "cuda" else torch.float32)
