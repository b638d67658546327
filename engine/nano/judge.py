"""Judge pictures with nano's CLIP (which text fits best) and by their plain colours."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.nano.tokens import load_tokenizer
from engine.nano.vocabulary import COLOURS
from engine.nano.weights import load_clip

EDGE = 4  #: width of the frame that counts as background, pixels
DIFFERENT = 48.0  #: distance in RGB (0-255 each) from the background at which a pixel belongs to the subject


class Judge:
    """Nano's CLIP and its tokenizer."""

    def __init__(self, model: Path) -> None:
        self.clip, self.tokenizer = load_clip(model), load_tokenizer(model)

    @torch.no_grad()
    def similarity(self, pictures: list[Image.Image], texts: list[str]) -> torch.Tensor:
        """(pictures, texts) cosine similarities, -1 to 1; pictures of any size are scaled to 64x64."""
        small = [np.asarray(picture.convert("RGB").resize((64, 64), Image.Resampling.LANCZOS)) for picture in pictures]
        pixels = torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 127.5 - 1
        tokens = self.tokenizer(texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
        output = self.clip(input_ids=tokens.input_ids, pixel_values=pixels)
        likeness: torch.Tensor = output.image_embeds @ output.text_embeds.T
        return likeness

    def best(self, pictures: list[Image.Image], texts: list[str]) -> list[int]:
        """For each picture, the index of the text that fits it best."""
        found: list[int] = self.similarity(pictures, texts).argmax(1).tolist()
        return found


def nearest_colour(pixels: np.ndarray) -> str:
    """The named colour nearest to the median of (rows, 3) pixels, by hue and saturation more than by lightness."""
    return min(COLOURS, key=lambda name: colour_distance(np.median(pixels, 0), np.array(COLOURS[name][0], float)))


def colour_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Euclidean distance in RGB in which the common part of the difference (lightness) counts half."""
    difference = one - other
    light = difference.mean()
    return float(np.linalg.norm(difference - light) + 0.5 * abs(light) * 3**0.5)


def background_colour(picture: Image.Image) -> str:
    """The named colour of the picture's frame."""
    return nearest_colour(frame(np.asarray(picture, float)))


def subject_colour(picture: Image.Image) -> str | None:
    """The named colour of what differs from the frame's median, or ``None`` where nothing does."""
    pixels = np.asarray(picture, float)
    away = np.linalg.norm(pixels - np.median(frame(pixels), 0), axis=-1) > DIFFERENT
    return nearest_colour(pixels[away]) if away.sum() > 50 else None


def frame(pixels: np.ndarray) -> np.ndarray:
    """The outermost ``EDGE`` pixels on every side of (height, width, 3), as (rows, 3)."""
    inside = np.zeros(pixels.shape[:2], bool)
    inside[EDGE:-EDGE, EDGE:-EDGE] = True
    return pixels[~inside]
