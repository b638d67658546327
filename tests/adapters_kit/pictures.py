"""Pictures to prepare."""

from __future__ import annotations

import numpy as np
from PIL import Image


def scene(seed: int, side: int = 96) -> Image.Image:
    """Sharp patches of random colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((side, side), Image.Resampling.NEAREST)
