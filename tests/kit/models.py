"""Tiny models with random weights, as folders in diffusers layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

LETTERS = [chr(code) for code in [*range(33, 127), *range(161, 173), *range(174, 256)]]
LETTERS += [chr(256 + index) for index in range(256 - len(LETTERS))]
START, END = "<|startoftext|>", "<|endoftext|>"
SCHEDULE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}


def write_tiny(folder: Path, prediction_type: str = "v_prediction", seed: int = 0) -> Path:
    """A model in nano's shape, small enough to draw in milliseconds; its native size is 64x64."""
    torch.manual_seed(seed)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(8, 16, 16),
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=64,
    )
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=(1, 2),
        norm_num_groups=8,
        use_linear_projection=True,
    )
    return _write(folder, unet, vae, _text_encoder(32, 2), DDIMScheduler(**SCHEDULE, prediction_type=prediction_type))


def write_sd21(folder: Path, prediction_type: str) -> Path:
    """Stable Diffusion 2.1 with every class, block and flag of its configuration, and a twentieth of its widths.

    The 2.1-base model is an epsilon model with a PNDM scheduler, the 768 model a v-prediction one with DDIM.
    """
    torch.manual_seed(1)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 16, 16, 16),
        layers_per_block=2,
        norm_num_groups=8,
        sample_size=64,
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32, 32, 32),
        layers_per_block=2,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=32,
        attention_head_dim=(1, 2, 2, 2),
        norm_num_groups=8,
        use_linear_projection=True,
        dual_cross_attention=False,
        upcast_attention=prediction_type == "v_prediction",
    )
    kind, flags = (PNDMScheduler, {"skip_prk_steps": True}) if prediction_type == "epsilon" else (DDIMScheduler, {})
    known = {key: value for key, value in SCHEDULE.items() if kind is DDIMScheduler or key != "clip_sample"}
    scheduler = kind(**known, **flags, prediction_type=prediction_type)
    return _write(folder, unet, vae, _text_encoder(32, 4), scheduler)


def _text_encoder(width: int, layers: int) -> Any:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=514,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=77,
            hidden_act="gelu",
            bos_token_id=512,
            eos_token_id=513,
            pad_token_id=0,
        )
    )


def _write(folder: Path, unet: Any, vae: Any, text_encoder: Any, scheduler: Any) -> Path:
    _sharpen(unet)
    for name, part in {"unet": unet, "vae": vae, "text_encoder": text_encoder, "scheduler": scheduler}.items():
        part.save_pretrained(folder / name)
    write_tokenizer(folder / "tokenizer")
    parts = {
        "scheduler": ["diffusers", type(scheduler).__name__],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    index = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.36.0", **parts}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def _sharpen(unet: Any) -> None:
    """Let the prompt matter: random attention is close to a mean, which every prompt shares."""
    with torch.no_grad():
        for name, weight in unet.named_parameters():
            if "attn2.to_" in name and weight.ndim == 2:
                weight.mul_(3)


def write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer with letters alone: no merges."""
    folder.mkdir(parents=True)
    words = [*LETTERS, *(letter + "</w>" for letter in LETTERS), START, END]
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "bos_token": START,
        "eos_token": END,
        "unk_token": END,
        "pad_token": "!",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
