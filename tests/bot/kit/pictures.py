"""Pictures that nobody had to draw."""

from __future__ import annotations

import io
import random

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PARAMETERS = "{prompt}\nSteps: {steps}, Sampler: DPM++ 2M, CFG scale: {cfg}, Seed: {seed}, Size: {size}, Model: nano"


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
