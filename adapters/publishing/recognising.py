"""What a safetensors file is if it is no LoRA for Stable Diffusion 1 or 2, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from adapters.publishing.scales import DORA
from adapters.shapes import NetworkShapes, Shape

OTHERS = {
    r"(^|\.)(dora_scale|lora_magnitude_vector)": DORA,
    r"\.(diff|diff_b)$": "whole differences of layers, not a LoRA; extract a LoRA from it, such as with kohya's "
    "extract_lora_from_models.py",
    r"\.(w_norm|b_norm)$": "it changes norm layers too, which a LoRA cannot; train it again without them",
    r"\.(oft_blocks|oft_R|oft_diag|boft_)": "an OFT, which turns the base model's own weights; only LoRA, LoHa and "
    "LoKr can be taken",
    r"\.on_input$": "an IA3, which scales the base model's own weights; only LoRA, LoHa and LoKr can be taken",
    r"^(emb_params|string_to_param|clip_[lg]$|<[^>]*>$)": "a textual inversion (an embedding of a word), not a LoRA",
    r"(^|\.|_)(double_blocks|single_blocks|single_transformer_blocks)": "made for Flux, which Sanggar does not draw "
    "with",
    r"(^|\.|_)joint_(transformer_)?blocks": "made for Stable Diffusion 3, which Sanggar does not draw with",
    r"^(lora_te2_|text_encoder_2\.|conditioner\.)|(lora_unet_|unet\.)(input|output|middle)_block": "made for "
    "Stable Diffusion XL, which Sanggar does not draw with",
    r"^transformer\.": "made for a transformer model (Flux, Stable Diffusion 3), which Sanggar does not draw with",
    r"^(model\.diffusion_model|first_stage_model|cond_stage_model)\.": "a whole checkpoint in one file, not a LoRA",
    r"^(control_model|controlnet_)": "a ControlNet, not a LoRA",
}
WIDTHS = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2", 2048: "Stable Diffusion XL"}


def other_kind(keys: Iterable[str]) -> str:
    """The sentence; empty if nothing is recognised."""
    known = list(keys)
    return next((said for pattern, said in OTHERS.items() if any(re.search(pattern, key) for key in known)), "")


def made_for(matrices: Mapping[str, Shape], networks: NetworkShapes) -> str:
    """Which family a LoRA's matrices were made for, if it is another than the model's; empty if it cannot be said."""
    width = next((shape[1] for key, shape in networks["unet"].items() if key.endswith("attn2.to_k.weight")), 0)
    for key, shape in matrices.items():
        if key.endswith("attn2.to_k.lora_A.weight") and shape[1] != width and shape[1] in WIDTHS:
            return f"made for {WIDTHS[shape[1]]} (texts {shape[1]} wide, the base model's are {width})"
    return ""
