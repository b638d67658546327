"""Read and write the folder of nano's weights: fp16 safetensors in diffusers' layout, plus ``clip/``."""

import copy
import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel, CLIPTextModel

from engine.files import check_own, make_own, make_readable, remove_own
from engine.nano.architecture import build_scheduler

MODEL_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.36.0",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def save_weights(
    folder: Path, tokenizer: Path, vae: AutoencoderKL, clip: CLIPModel, unet: UNet2DConditionModel
) -> None:
    """Write the whole model next to ``folder``, then swap it in; ``tokenizer`` is a tokenizer folder.

    Raises NotOurs if ``folder`` has files that this function did not write.
    """
    check_own(folder)
    fresh = folder.with_name(folder.name + ".new")
    remove_own(fresh)
    shutil.copytree(tokenizer, make_own(fresh) / "tokenizer")
    (fresh / "model_index.json").write_text(json.dumps(MODEL_INDEX, indent=2) + "\n")
    build_scheduler().save_pretrained(fresh / "scheduler")
    text = CLIPTextModel(clip.config.text_config)
    text.load_state_dict(text_tower(clip, text))
    for name, module in {"vae": vae, "unet": unet, "text_encoder": text}.items():
        copy.deepcopy(module).half().save_pretrained(fresh / name)
    save_clip(fresh / "clip", clip)
    make_readable(fresh)
    old = folder.with_name(folder.name + ".old")
    remove_own(old)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    remove_own(old)


def text_tower(clip: CLIPModel, text: CLIPTextModel) -> dict[str, torch.Tensor]:
    """The weights of ``clip`` that belong to a stand-alone text model, under that model's names."""
    prefix = "text_model."
    tower = {key: value for key, value in clip.state_dict().items() if key.startswith(prefix)}
    nested = next(iter(text.state_dict())).startswith(prefix)
    return tower if nested else {key.removeprefix(prefix): value for key, value in tower.items()}


def save_clip(folder: Path, clip: CLIPModel) -> None:
    """Write what ``text_encoder`` does not hold: the vision tower, both projections and the logit scale."""
    folder.mkdir(parents=True)
    rest = {
        key: value.half().contiguous()
        for key, value in clip.state_dict().items()
        if not key.startswith("text_model.") and value.is_floating_point()
    }
    save_file(rest, folder / "model.safetensors")
    clip.config.save_pretrained(folder)


def load_clip(folder: Path) -> CLIPModel:
    """The full CLIP of a weights folder, in fp32 and ready for inference.

    ``get_text_features`` takes token ids (rows, at most 77); ``get_image_features`` takes pixels
    (rows, 3, 64, 64) in [-1, 1].
    """
    clip = CLIPModel(CLIPConfig.from_pretrained(folder / "clip"))
    state = load_file(folder / "clip" / "model.safetensors")
    text = load_file(folder / "text_encoder" / "model.safetensors")
    prefix = "text_model."
    state |= {key if key.startswith(prefix) else prefix + key: value for key, value in text.items()}
    missing, unexpected = clip.load_state_dict({key: value.float() for key, value in state.items()}, strict=False)
    if unexpected or any(not key.endswith("position_ids") for key in missing):
        raise ValueError(f"{folder} does not hold nano's CLIP: missing {missing}, unexpected {unexpected}")
    return clip.eval()
