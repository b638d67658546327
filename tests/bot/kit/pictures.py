"""Pictures that nobody had to draw."""

from __future__ import annotations

import io
import random

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.jobs.job import Picture
from engine.protocol import UsedParameters


def used(**changes: object) -> UsedParameters:
    """What an engine says that it drew with."""
    usual = {
        "prompt": "a deer",
        "seed": 777,
        "steps": 25,
        "guidance_scale": 7.5,
        "sampler": "dpm++-2m",
        "drawn_size": "512x512",
        "size": "512x512",
        "model": "nano",
        "version": "1",
    }
    return UsedParameters.model_validate(usual | changes)


def picture(data: bytes = b"", parameters: str = "", **changes: object) -> Picture:
    """A finished picture; ``changes`` are those of ``used``."""
    return Picture(data, parameters, used(**changes))


def png(seed: int, parameters: str, side: int = 16) -> bytes:
    """Noise that the seed chooses: compression makes it no smaller."""
    image = Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(3 * side * side))
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("parameters", parameters)
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def parameters_of(picture: bytes) -> str:
    """What is written in a PNG."""
    with Image.open(io.BytesIO(picture)) as image:
        return str(image.info["parameters"])
