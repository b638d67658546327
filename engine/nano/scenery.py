"""Draw storybook scenery: a sky of some hour, a far layer and a ground."""

from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Painter = Callable[[ImageDraw.ImageDraw, Random], None]

SIDE = 128  #: the canvas, pixels
HOURS = ("day", "sunset", "night")
SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((92, 176, 242), (206, 236, 252)),
    "sunset": ((108, 62, 140), (255, 160, 70)),
    "night": ((8, 12, 44), (44, 56, 112)),
}


def jitter(rng: Random, colour: Colour, spread: int = 14) -> Colour:
    """A colour near ``colour``; every channel moves at most ``spread`` of 255."""
    red, green, blue = (min(255, max(0, channel + rng.randint(-spread, spread))) for channel in colour)
    return red, green, blue


def gradient(top: Colour, bottom: Colour) -> Image.Image:
    """A canvas that fades from ``top`` to ``bottom``."""
    column = Image.new("RGB", (1, 2))
    column.putpixel((0, 0), top)
    column.putpixel((0, 1), bottom)
    return column.resize((SIDE, SIDE * 2), Image.Resampling.BILINEAR).crop((0, SIDE // 2, SIDE, SIDE * 3 // 2))


def sky(rng: Random, hour: str) -> Image.Image:
    """Sun and clouds by day, a low sun at sunset, moon and stars at night."""
    top, bottom = (jitter(rng, colour) for colour in SKIES[hour])
    canvas = gradient(top, bottom)
    draw = ImageDraw.Draw(canvas)
    x, y = rng.randint(14, SIDE - 14), rng.randint(12, 34)
    if hour == "night":
        for _ in range(26):
            dot(draw, rng.randint(0, SIDE), rng.randint(0, 76), rng.choice((1, 1, 2)), (255, 250, 210))
        dot(draw, x, y, 11, (250, 240, 190))
        dot(draw, x + 6, y - 3, 9, SKIES["night"][0])
    elif hour == "sunset":
        dot(draw, rng.randint(24, SIDE - 24), rng.randint(54, 74), rng.randint(13, 19), (255, 226, 110))
    else:
        if rng.random() < 0.5:
            dot(draw, x, y, rng.randint(8, 12), (255, 224, 84))
        for _ in range(rng.randint(0, 3)):
            cloud(draw, rng)
    return canvas


def dot(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    """A filled circle."""
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def cloud(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Three white puffs in the upper part of the sky."""
    x, y = rng.randint(0, SIDE), rng.randint(8, 40)
    for step in (-9, 0, 9):
        dot(draw, x + step, y + abs(step) / 3, 8 if step == 0 else 6, (250, 252, 255))


def hills(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Low green hills."""
    for _ in range(4):
        x, radius = rng.randint(-10, SIDE + 10), rng.randint(34, 60)
        draw.ellipse(
            (x - radius * 1.5, 88 - radius * 0.6, x + radius * 1.5, 88 + radius), fill=jitter(rng, (104, 180, 92))
        )


def mountains(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Grey-blue peaks with snow."""
    for x in sorted(rng.sample(range(0, SIDE, 8), 4), key=lambda _: rng.random()):
        height, half = rng.randint(42, 72), rng.randint(28, 44)
        top = 92 - height
        draw.polygon([(x - half, 92), (x, top), (x + half, 92)], fill=jitter(rng, (110, 118, 150)))
        side, brim = half * 0.3, top + height * 0.3
        notch = top + height * 0.21
        draw.polygon([(x - side, brim), (x, top), (x + side, brim), (x, notch)], fill=(244, 248, 255))


def forest(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """A wall of round trees and firs."""
    draw.rectangle((0, 62, SIDE, 100), fill=(34, 92, 52))
    for _ in range(15):
        x, y = rng.randint(-4, SIDE + 4), rng.randint(40, 66)
        leaves = jitter(rng, (44, 122, 60), 22)
        draw.rectangle((x - 2, y, x + 2, 98), fill=(96, 64, 40))
        if rng.random() < 0.5:
            draw.polygon([(x - 13, y + 24), (x, y - 16), (x + 13, y + 24)], fill=leaves)
        else:
            dot(draw, x, y, rng.randint(11, 17), leaves)


def palms(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """One or two leaning palm trees at the edges."""
    for side in rng.sample((0, SIDE), rng.randint(1, 2)):
        x = side + (10 if side == 0 else -10)
        tip = x + (8 if side == 0 else -8)
        draw.line([(x, 100), (tip, 42)], fill=(140, 98, 58), width=5)
        for dx, dy in ((-22, 4), (-18, -10), (0, -16), (18, -10), (22, 4)):
            draw.line([(tip, 42), (tip + dx, 42 + dy)], fill=jitter(rng, (46, 150, 70)), width=6)


def skyline(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Tall buildings with lit windows."""
    x = -rng.randint(0, 10)
    while x < SIDE:
        width, top = rng.randint(14, 26), rng.randint(18, 60)
        draw.rectangle((x, top, x + width, 100), fill=jitter(rng, (112, 120, 142), 30))
        for wx in range(x + 3, x + width - 3, 6):
            for wy in range(top + 4, 92, 8):
                draw.rectangle((wx, wy, wx + 2, wy + 3), fill=(250, 226, 140) if rng.random() < 0.6 else (70, 78, 100))
        x += width + 1


def houses(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """A row of cottages with red and brown roofs."""
    hills(draw, rng)
    x = rng.randint(-8, 6)
    while x < SIDE:
        width, top = rng.randint(22, 30), rng.randint(64, 72)
        draw.rectangle((x, top, x + width, 96), fill=jitter(rng, (240, 222, 186)))
        roof = jitter(rng, rng.choice(((186, 70, 52), (140, 88, 52), (200, 110, 60))))
        draw.polygon([(x - 4, top), (x + width / 2, top - 18), (x + width + 4, top)], fill=roof)
        draw.rectangle((x + width / 2 - 3, 82, x + width / 2 + 3, 96), fill=(104, 66, 42))
        x += width + rng.randint(6, 16)


def stalls(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Market stalls with striped awnings and fruit."""
    houses(draw, rng)
    for x in range(rng.randint(-20, -4), SIDE, 44):
        stripe = rng.choice(((220, 60, 60), (60, 120, 210), (240, 170, 40), (70, 170, 90)))
        draw.rectangle((x + 3, 60, x + 37, 100), fill=(150, 104, 66))
        for index, start in enumerate(range(x, x + 40, 5)):
            draw.rectangle((start, 48, start + 5, 64), fill=stripe if index % 2 else (252, 250, 244))
        for fruit in range(x + 7, x + 36, 6):
            dot(draw, fruit, 82, 3, rng.choice(((230, 60, 50), (250, 180, 40), (110, 190, 60))))


def nothing_far(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Only sky above the ground."""


FAR: dict[str, Painter] = {
    "hills": hills,
    "mountains": mountains,
    "forest": forest,
    "palms": palms,
    "city": skyline,
    "village": houses,
    "market": stalls,
    "open": nothing_far,
}
