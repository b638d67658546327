"""The 1970s look: eight warm earthy colours, bold dark outlines, rays or stripes behind, film grain, a cream margin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count, islice
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from adapters.datasets.distinct import Distinct
from adapters.datasets.paint import Drawn, Sprites, paste_outlined, softened, to_picture, to_pixels
from engine.nano.ground import draw_large
from engine.nano.scenery import SIDE, Colour

INK = (52, 30, 24)
PALETTE: tuple[Colour, ...] = (
    INK,
    (244, 226, 184),
    (222, 168, 66),
    (206, 106, 46),
    (158, 58, 42),
    (112, 74, 48),
    (128, 128, 66),
    (62, 108, 102),
)
SKIN = (236, 188, 140)
"""Takes the place of the icons' bright yellow."""
GRAIN = 0.04
YELLOWING = 0.3
LUMINANCE = np.array((0.299, 0.587, 0.114), dtype=np.float32)
"""Weights of red, green and blue in the luminance (ITU-R BT.601)."""
SEPIA = np.array((0.06, 0.03, 0.0), dtype=np.float32)
"""What yellowing adds to black."""
PAPER = (240, 226, 190)
MARGIN, ROUNDING = 9, 16
"""Width of the print's margin and radius of its corners, pixels."""
GROUNDS: dict[str, tuple[int, int]] = {
    "on a yellow background": (2, 1),
    "on an orange background": (3, 2),
    "on a red background": (4, 3),
    "on a green background": (6, 1),
    "on a blue background": (7, 6),
    "on a white background": (1, 2),
}
SETTINGS: dict[str, tuple[str, str]] = {
    "in the village": ("village", "path"),
    "in the market": ("market", "path"),
    "in the city": ("city", "street"),
    "on a hill": ("hills", "grass"),
}
PICTURES = 50
CHARACTERS = (
    *("ninja", "fairy", "princess", "robot", "wizard", "prince", "astronaut", "detective", "girl", "boy", "superhero"),
    *("farmer", "mermaid", "vampire", "dancer", "cook", "guard"),
)


def draw_retro(sprites: Sprites) -> Iterator[Drawn]:
    """The pictures: every sprite of every character and then again, every third one in a setting."""
    rng = Random(777)
    known = [(who, sprite) for who in CHARACTERS for sprite in sprites.of(who)]
    drawn = (draw_character(rng, *known[number % len(known)], surroundings(number, len(known))) for number in count())
    return islice(filter(Distinct().is_new, drawn), PICTURES)


def draw_another(rng: Random, sprites: Sprites, who: str) -> Drawn:
    """The character before any backdrop or in any setting."""
    return draw_character(rng, who, rng.choice(sprites.of(who)), rng.choice([*GROUNDS, *SETTINGS]))


def surroundings(number: int, sprites: int) -> str:
    """Where the picture of that number has its character: a backdrop, or for every third one a setting.

    sprites: how many are drawn in turn.
    """
    if number % 3 == 2:
        return list(SETTINGS)[number // 3 % len(SETTINGS)]
    return list(GROUNDS)[(number + number // sprites) % len(GROUNDS)]


def draw_character(rng: Random, who: str, sprite: Image.Image, where: str) -> Drawn:
    """The character before a backdrop or in a setting."""
    if where in SETTINGS:
        canvas = posterized(draw_large(rng, *SETTINGS[where], "day"))
    else:
        canvas = backdrop(rng, *GROUNDS[where])
    paste_outlined(canvas, posterized_sprite(sprite), INK, width=4)
    return Drawn(printed(filmed(rng, softened(canvas))), who, where)


def backdrop(rng: Random, near: int, far: int) -> Image.Image:
    """One colour with rays, stripes or a disc of a second."""
    canvas = Image.new("RGB", (SIDE, SIDE), PALETTE[near])
    draw = ImageDraw.Draw(canvas)
    middle = (SIDE / 2, SIDE * 0.55)
    kind = rng.choice(("rays", "stripes", "disc"))
    if kind == "rays":
        for ray in range(0, 360, 30):
            angles = [math.radians(ray + turn) for turn in (0, 15)]
            tips = [(middle[0] + 130 * math.cos(angle), middle[1] + 130 * math.sin(angle)) for angle in angles]
            draw.polygon([middle, *tips], fill=PALETTE[far])
    elif kind == "stripes":
        for number, index in enumerate((far, 3, 4)):
            draw.rectangle((0, 78 + 14 * number, SIDE, 91 + 14 * number), fill=PALETTE[index])
    else:
        draw.ellipse((16, 16, 112, 112), fill=PALETTE[far])
    return canvas


def posterized(picture: Image.Image) -> Image.Image:
    """Every pixel in the nearest colour of the palette, after a step towards warm light."""
    pixels = to_pixels(picture)
    warm = pixels * np.array((1.0, 0.92, 0.76), dtype=np.float32)
    palette = np.array(PALETTE, dtype=np.float32) / 255
    scale = np.array((0.55, 0.77, 0.33), dtype=np.float32)
    nearest = np.square((warm[..., None, :] - palette) * scale).sum(axis=-1).argmin(axis=-1)
    return to_picture(palette[nearest])


def posterized_sprite(sprite: Image.Image) -> Image.Image:
    """The same for a sprite, which keeps its shape."""
    red, green, blue = (to_pixels(sprite)[..., channel] for channel in range(3))
    yellow = (red > 0.9) & (green > 0.7) & (blue < 0.5)
    flat = posterized(sprite)
    flat.paste(SKIN, (0, 0), Image.fromarray(yellow))
    flat.putalpha(sprite.getchannel("A"))
    return flat


def filmed(rng: Random, picture: Image.Image) -> Image.Image:
    """Film: yellowed, faded blacks, grain, darker corners."""
    pixels = to_pixels(picture)
    yellowed = (pixels @ LUMINANCE)[..., None] * np.array((1.05, 0.86, 0.58), dtype=np.float32) + SEPIA
    faded = (pixels * (1 - YELLOWING) + yellowed * YELLOWING) * 0.95 + 0.04
    grain = np.random.default_rng(rng.getrandbits(32)).normal(0, GRAIN, (SIDE, SIDE, 1)).astype(np.float32)
    away = np.linspace(-1, 1, SIDE, dtype=np.float32)
    corners = 1 - 0.25 * (away[:, None] ** 2 + away[None, :] ** 2)[..., None]
    return to_picture(faded * corners + grain)


def printed(picture: Image.Image) -> Image.Image:
    """As a photograph of those years: rounded corners on cream paper."""
    window = Image.new("L", (4 * SIDE, 4 * SIDE))
    box = (4 * MARGIN, 4 * MARGIN, 4 * (SIDE - MARGIN) - 1, 4 * (SIDE - MARGIN) - 1)
    ImageDraw.Draw(window).rounded_rectangle(box, 4 * ROUNDING, fill=255)
    paper = Image.new("RGB", (SIDE, SIDE), PAPER)
    paper.paste(picture, (0, 0), window.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return paper
