"""The text of a PNG's ``parameters`` chunk, as the AUTOMATIC1111 web UI writes and reads it. Imports no torch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.protocol import SAMPLERS
from engine.sizes import size_text

if TYPE_CHECKING:
    from engine.plan import Plan


def quote(value: object) -> str:
    """A value, in JSON quotes where a bare one would end early (``quote`` in the web UI's infotext module)."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ',\n:"') else text


def infotext(plan: Plan, seed: int, model: str, version: str) -> str:
    """Prompt, negative prompt and a last line of settings, from which the web UI draws again.

    Adapters stand at the end of the prompt as ``<lora:name:weight>``, the web UI's own notation.
    """
    prompt = " ".join([plan.prompt.strip(), *(f"<lora:{use.name}:{use.weight:g}>" for use in plan.adapters)])
    negative = f"\nNegative prompt: {plan.negative_prompt.strip()}" if plan.negative_prompt.strip() else ""
    settings: dict[str, object] = {
        "Steps": plan.steps,
        "Sampler": SAMPLERS[plan.sampler],
        "CFG scale": f"{plan.guidance:g}",
        "Seed": seed,
        "Size": size_text(plan.drawn),
        "Model": model,
    }
    if plan.size != plan.drawn:
        settings |= {"Enlarged to": size_text(plan.size), "Enlarged with": "Lanczos"}
    settings["Version"] = f"sanggar {version}"
    return prompt + negative + "\n" + ", ".join(f"{key}: {quote(value)}" for key, value in settings.items())
