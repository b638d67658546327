"""Contact sheets: one row of pictures a prompt, one column a seed."""

from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image, ImageDraw

from engine.nano.architecture import PICTURE
from engine.protocol import DEFAULT_GUIDANCE_SCALE

GAP = 6
LABEL = 16  #: height of the line of text above each row, pixels


def open_pipeline(model: Path) -> StableDiffusionPipeline:
    """The model in fp32 on the CPU, silent."""
    pipeline = StableDiffusionPipeline.from_pretrained(model, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw_pictures(pipeline: StableDiffusionPipeline, prompt: str, seeds: range, steps: int = 25) -> list[Image.Image]:
    """One picture a seed, in one batch, guidance scale ``DEFAULT_GUIDANCE_SCALE``."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn: list[Image.Image] = pipeline(
        [prompt] * len(generators),
        num_inference_steps=steps,
        guidance_scale=DEFAULT_GUIDANCE_SCALE,
        generator=generators,
    ).images
    return drawn


def draw_sheet(model: Path, prompts: list[str], seeds: int) -> Image.Image:
    """The sheet."""
    pipeline = open_pipeline(model)
    side = PICTURE + GAP
    page = Image.new("RGB", (seeds * side + GAP, len(prompts) * (side + LABEL) + GAP), "white")
    pen = ImageDraw.Draw(page)
    for row, prompt in enumerate(prompts):
        top = row * (side + LABEL) + GAP
        pen.text((GAP, top), prompt, fill="black")
        for column, picture in enumerate(draw_pictures(pipeline, prompt, range(seeds))):
            page.paste(picture, (GAP + column * side, top + LABEL))
    return page
