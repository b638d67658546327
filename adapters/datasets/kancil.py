"""The storybook look: pastel washes on white paper that fade out before the page's edge, soft brown lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice, product
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from adapters.datasets.distinct import Distinct
from adapters.datasets.paint import Drawn, Sprites, clouds, paste_outlined, softened, to_picture, to_pixels
from engine.nano.ground import draw_large
from engine.nano.scenery import SIDE

PAPER = np.array((1.0, 0.985, 0.95), dtype=np.float32)
LINE = (122, 84, 58)
SUBJECTS = {"deer": 13, "crocodile": 12, "tiger": 12, "bird": 13}
PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "by the river": (("hills", "river"), ("forest", "river")),
    "in the forest": (("forest", "grass"), ("forest", "path")),
    "in a meadow": (("hills", "meadow"), ("open", "meadow")),
    "by the lake": (("forest", "lake"), ("hills", "lake")),
    "in the jungle": (("open", "jungle"),),
    "on a hill": (("hills", "grass"),),
}
HOURS = {"day": "", "sunset": " at sunset", "night": " at night"}
"""Hours of the day, and what captions say of them."""


def draw_kancil(sprites: Sprites) -> Iterator[Drawn]:
    """The fifty pictures: by day as far as they differ, then at sunset and at night."""
    rng, distinct = Random(777), Distinct()
    for animal, share in SUBJECTS.items():
        scenes = cycle(product(HOURS, PLACES, sprites.of(animal)))
        drawn = (draw_scene(rng, animal, *scene) for scene in scenes)
        yield from islice(filter(distinct.is_new, drawn), share)


def draw_another(rng: Random, sprites: Sprites, animal: str) -> Drawn:
    """The animal in any place at any hour."""
    return draw_scene(rng, animal, rng.choice(list(HOURS)), rng.choice(list(PLACES)), rng.choice(sprites.of(animal)))


def draw_scene(rng: Random, animal: str, hour: str, where: str, sprite: Image.Image) -> Drawn:
    """One animal in one place."""
    far, ground = rng.choice(PLACES[where])
    canvas = on_paper(rng, wash(rng, draw_large(rng, far, ground, hour)))
    paste_outlined(canvas, pale(sprite), LINE, width=2, softness=0.8)
    return Drawn(softened(canvas), animal, f"{where}{HOURS[hour]}")


def wash(rng: Random, canvas: Image.Image) -> Image.Image:
    """Watercolour: flat areas that run into each other, paler where there was more water."""
    flat = canvas.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(1.5))
    pixels = to_pixels(flat)
    water = (0.46 + 0.14 * clouds(rng, 5) + 0.05 * clouds(rng, 24))[..., None]
    return to_picture(pixels * (1 - water) + PAPER * water)


def pale(sprite: Image.Image) -> Image.Image:
    """The animal, warmer and a little paler than its icon."""
    painted = Image.blend(sprite.convert("RGB"), Image.new("RGB", sprite.size, (255, 226, 186)), 0.28)
    painted.putalpha(sprite.getchannel("A"))
    return painted


def on_paper(rng: Random, canvas: Image.Image) -> Image.Image:
    """The painting fades into white paper along an uneven round edge, where the pigment gathers."""
    shape = Image.new("L", canvas.size)
    ImageDraw.Draw(shape).rounded_rectangle((9, 9, SIDE - 10, SIDE - 10), radius=44, fill=255)
    distance = np.asarray(shape.filter(ImageFilter.GaussianBlur(7)), dtype=np.float32) / 255
    painted = ((distance - 0.5 + 0.16 * clouds(rng, 14)) * 7 + 0.5).clip(0, 1)[..., None]
    rim = (1 - np.abs(painted - 0.75) * 3).clip(0, 1) * 0.16
    return to_picture((to_pixels(canvas) * (1 - rim)) * painted + PAPER * (1 - painted))
