"""The text of a PNG's ``parameters`` chunk, as the AUTOMATIC1111 web UI writes and reads it. Imports no torch."""

from __future__ import annotations

import json

from engine.protocol import UsedParameters
from engine.samplers.table import SAMPLERS


def quote(value: object) -> str:
    """A value, in JSON quotes where a bare one would end early (``quote`` in the web UI's infotext module)."""
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(sign in text for sign in ',\n:"') else text


def infotext(used: UsedParameters) -> str:
    """Prompt, negative prompt and a last line of settings, from which the web UI (1.9 or later) draws again.

    Adapters stand at the end of the prompt as ``<lora:name:weight>``, the web UI's own notation. ``RNG: CPU`` is there
    because its noise comes from the graphics card if nothing else is said, the schedule because it no longer follows
    from the sampler's name.
    """
    sampler = SAMPLERS[used.sampler]
    prompt = " ".join([used.prompt.strip(), *(f"<lora:{use.name}:{use.weight:g}>" for use in used.adapters)])
    negative = f"\nNegative prompt: {used.negative_prompt.strip()}" if used.negative_prompt.strip() else ""
    settings: dict[str, object] = {
        "Steps": used.steps,
        "Sampler": sampler.label.removesuffix(f" {sampler.schedule}"),
        "Schedule type": sampler.schedule,
        "CFG scale": f"{used.guidance_scale:g}",
        "Seed": used.seed,
        "Size": used.drawn_size,
        "Model": used.model,
        "RNG": "CPU",
    }
    if used.size != used.drawn_size:
        settings |= {"Enlarged to": used.size, "Enlarged with": "Lanczos"}
    settings["Version"] = f"sanggar {used.version}"
    return prompt + negative + "\n" + ", ".join(f"{key}: {quote(value)}" for key, value in settings.items())
