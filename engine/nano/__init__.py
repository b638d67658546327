"""Nano: a small Stable Diffusion that is shipped with Sanggar and draws 128x128 pictures on two CPU cores."""

from pathlib import Path

__all__ = ["WEIGHTS"]

#: The shipped weights, a folder in the layout that ``StableDiffusionPipeline.from_pretrained`` reads.
WEIGHTS = Path(__file__).parent / "weights"
