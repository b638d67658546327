"""What must be known of a base model to judge weights that were made for it: shapes, and what it predicts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from transformers import CLIPTextConfig, CLIPTextModel

from adapters.manifest import AdapterError, model_name
from adapters.shapes import NetworkShapes
from engine import nano
from engine.hub import only_local

CONFIGS = ("unet/config.json", "text_encoder/config.json", "scheduler/scheduler_config.json")
SD2_UNET: dict[str, Any] = {
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20, 20],
    "use_linear_projection": True,
}
SD2_TEXT: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "vocab_size": 49408,
}
SD2 = {
    "stable-diffusion-2-base": "epsilon",
    "stable-diffusion-2": "v_prediction",
    "stable-diffusion-2-1-base": "epsilon",
    "stable-diffusion-2-1": "v_prediction",
}
"""Models whose configurations are known without a download, and what they predict."""


@dataclass(frozen=True)
class BaseModel:
    """The parameters of a model by network, and ``epsilon``, ``v_prediction`` or ``sample``."""

    name: str
    prediction_type: str
    networks: NetworkShapes


@cache
def base_model(name: str) -> BaseModel:
    """Nano, a local folder or a model of the hub. Raises AdapterError if its configurations cannot be had."""
    if kind := SD2.get(model_name(name)):
        unet, text, schedule = SD2_UNET, SD2_TEXT, {"prediction_type": kind}
    else:
        unet, text, schedule = (_config(name, file) for file in CONFIGS)
    try:
        with torch.device("meta"):
            parts = {
                "unet": UNet2DConditionModel.from_config(unet),
                "text_encoder": CLIPTextModel(CLIPTextConfig.from_dict(text)),
            }
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, NotImplementedError):
        raise AdapterError(f"base model {name}: its configuration is none of Stable Diffusion 1 or 2") from None
    networks = {
        network: {key: tuple(value.shape) for key, value in part.state_dict().items()}
        for network, part in parts.items()
    }
    return BaseModel(name, schedule.get("prediction_type", "epsilon"), networks)


def _config(name: str, file: str) -> dict[str, Any]:
    folder = nano.WEIGHTS if name == "nano" else Path(name).expanduser()
    try:
        path = (
            folder / file if folder.is_dir() else Path(hf_hub_download(name, file, local_files_only=only_local(name)))
        )
        found = json.loads(path.read_bytes())
    except HFValidationError:
        raise AdapterError(f"base model: there is no folder {name}, and it is no id of Hugging Face") from None
    except (HfHubHTTPError, OSError, ValueError):
        raise AdapterError(f"base model {name}: {file} cannot be read; name the model's folder: --base-model") from None
    if not isinstance(found, dict):
        raise AdapterError(f"base model {name}: {file} is no configuration")
    return found
