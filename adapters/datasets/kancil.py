"""The storybook look: pastel washes on white paper that fade out before the page's edge, soft brown lines."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from adapters.datasets.paint import CANVAS, Drawn, Sprites, clouds, halved, paste_outlined, to_picture, to_pixels
from engine.nano.ground import draw_large

PAPER = np.array((1.0, 0.985, 0.95), dtype=np.float32)
LINE = (122, 84, 58)
ANIMALS: dict[str, tuple[str, ...]] = {
    "a deer": ("fluent-emoji-flat/deer", "noto/deer", "emojione/deer", "fluent-emoji-flat/deer", "noto/deer"),
    "a crocodile": ("noto/crocodile", "twemoji/crocodile", "noto-v1/crocodile"),
    "a tiger": ("fluent-emoji-flat/tiger", "noto/tiger", "twemoji/tiger", "noto-v1/tiger"),
    "a bird": ("fluent-emoji-flat/bird", "noto/bird", "twemoji/bird", "emojione/bird"),
}
PLACES: dict[str, tuple[tuple[str, str], ...]] = {
    "by the river": (("hills", "river"), ("forest", "river")),
    "in the forest": (("forest", "grass"), ("forest", "path")),
    "in a meadow": (("hills", "meadow"), ("open", "meadow")),
    "by the lake": (("forest", "lake"), ("hills", "lake")),
    "in the jungle": (("open", "jungle"),),
    "on a hill": (("hills", "grass"),),
}
SHARES = {"a deer": 18, "a crocodile": 12, "a tiger": 10, "a bird": 10}


def draw_kancil(sprites: Sprites) -> Iterator[Drawn]:
    """The fifty pictures."""
    rng = Random(777)
    for animal, share in SHARES.items():
        for number in range(share):
            where = list(PLACES)[number % len(PLACES)]
            far, ground = rng.choice(PLACES[where])
            icon = ANIMALS[animal][number % len(ANIMALS[animal])]
            canvas = wash(rng, draw_large(rng, far, ground, "day"))
            place_animal(rng, canvas, sprites.icon(icon, rng.randint(70, 88)))
            yield Drawn(halved(on_paper(rng, canvas)), f"{animal} {where}")


def wash(rng: Random, canvas: Image.Image) -> Image.Image:
    """Watercolour: flat areas that run into each other, paler where there was more water."""
    flat = canvas.filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.GaussianBlur(1.5))
    pixels = to_pixels(flat)
    water = (0.46 + 0.14 * clouds(rng, 5) + 0.05 * clouds(rng, 24))[..., None]
    return to_picture(pixels * (1 - water) + PAPER * water)


def place_animal(rng: Random, canvas: Image.Image, sprite: Image.Image) -> None:
    """The animal on the ground, warmer and a little paler than its icon, with a soft line around it."""
    if rng.random() < 0.5:
        sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    alpha = sprite.getchannel("A")
    pale = Image.blend(sprite.convert("RGB"), Image.new("RGB", sprite.size, (255, 226, 186)), 0.28)
    pale.putalpha(alpha)
    left = (CANVAS - sprite.width) // 2 + rng.randint(-8, 8)
    top = rng.randint(108, 114) - sprite.height
    paste_outlined(canvas, pale, (left, top), LINE, width=1, softness=0.8)


def on_paper(rng: Random, canvas: Image.Image) -> Image.Image:
    """The painting fades into white paper along an uneven round edge, where the pigment gathers."""
    shape = Image.new("L", canvas.size)
    ImageDraw.Draw(shape).rounded_rectangle((9, 9, CANVAS - 10, CANVAS - 10), radius=44, fill=255)
    distance = np.asarray(shape.filter(ImageFilter.GaussianBlur(7)), dtype=np.float32) / 255
    painted = ((distance - 0.5 + 0.16 * clouds(rng, 14)) * 7 + 0.5).clip(0, 1)[..., None]
    rim = (1 - np.abs(painted - 0.75) * 3).clip(0, 1) * 0.16
    return to_picture((to_pixels(canvas) * (1 - rim)) * painted + PAPER * (1 - painted))
