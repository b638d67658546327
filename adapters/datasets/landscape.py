"""The fantasy look: one low golden light in a violet sky, ridges that pale with distance, a dark foreground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from adapters.datasets.paint import CANVAS, Drawn, Sprites, clouds, halved, paste_outlined, to_picture, to_pixels
from engine.nano.scenery import Colour, jitter

WATERLINE = 92


@dataclass(frozen=True)
class Light:
    """The colours of an hour: the sky from its top to the horizon, and the darkest shadow."""

    top: Colour
    middle: Colour
    horizon: Colour
    shadow: Colour


DUSK = (
    Light((48, 26, 92), (150, 66, 146), (255, 194, 104), (34, 18, 56)),
    Light((66, 30, 104), (206, 88, 134), (255, 212, 138), (44, 20, 58)),
    Light((60, 36, 104), (188, 96, 120), (255, 220, 120), (38, 22, 52)),
)
NIGHT = (
    Light((18, 14, 54), (64, 40, 120), (226, 138, 150), (16, 10, 36)),
    Light((22, 14, 62), (84, 44, 128), (240, 160, 120), (20, 12, 40)),
)
ICONS: dict[str, tuple[str, ...]] = {
    "a castle": ("noto/castle", "fluent-emoji-flat/castle", "twemoji/castle", "emojione/castle", "noto-v1/castle"),
    "a volcano": ("noto/volcano", "fluent-emoji-flat/volcano", "twemoji/volcano"),
    "a mountain": ("noto/snow-capped-mountain", "noto/mountain", "twemoji/snow-capped-mountain"),
    "a dragon": ("noto/dragon", "fluent-emoji-flat/dragon", "twemoji/dragon", "emojione/dragon"),
    "a floating island": ("noto/castle", "noto/evergreen-tree", "noto/deciduous-tree", "twemoji/house"),
}
SUBJECTS = {"a castle": 14, "a mountain": 9, "a volcano": 8, "a dragon": 10, "a floating island": 9}
PLACES = ("in the mountains", "by the lake", "in the forest")
HOURS = {"at sunset": DUSK, "at dusk": DUSK, "at night": NIGHT, "under the moon": NIGHT}


def draw_landscape(sprites: Sprites) -> Iterator[Drawn]:
    """The fifty pictures."""
    rng = Random(777)
    for subject, share in SUBJECTS.items():
        for number in range(share):
            where = PLACES[number % len(PLACES)]
            hour = list(HOURS)[number % len(HOURS)]
            light = rng.choice(HOURS[hour])
            icon = ICONS[subject][number % len(ICONS[subject])]
            flying = subject in {"a dragon", "a floating island"}
            canvas = painted_sky(rng, light, night=HOURS[hour] is NIGHT)
            ridges(rng, canvas, light, low=flying)
            canvas = hazed(rng, canvas, light, 0.5)
            sprite = lit(sprites.icon(icon, rng.randint(62, 76)), light)
            if subject == "a floating island":
                sprite = on_rock(rng, sprite, light)
            place_subject(rng, canvas, sprite, light, flying)
            canvas = foreground(rng, canvas, light, where)
            said = hour if subject == "a mountain" and where == "in the mountains" else f"{where} {hour}"
            yield Drawn(halved(hazed(rng, canvas, light, 0.14)), f"{subject} {said}")


def painted_sky(rng: Random, light: Light, *, night: bool) -> Image.Image:
    """Three colours from top to horizon, streaks of cloud, a low sun or a great moon, stars by night."""
    stops = np.array((light.top, light.middle, light.horizon), dtype=np.float32) / 255
    height = np.linspace(0, 2 * CANVAS / WATERLINE, CANVAS, dtype=np.float32).clip(0, 2)[:, None]
    upper, lower = height.clip(0, 1), (height - 1).clip(0, 1)
    column = stops[0] * (1 - upper) + stops[1] * (upper - lower) + stops[2] * lower
    streaks = np.asarray(to_picture((clouds(rng, 9)[..., None] + 1).repeat(3, axis=2) / 2).resize((256, 64)))[:, 40:168]
    streaks = np.repeat(streaks, 2, axis=0).astype(np.float32) / 255
    cloud = ((streaks - 0.6) * 2).clip(0, 0.5)
    canvas = to_picture(column[:, None, :] * (1 - cloud) + stops[2] * cloud)
    draw = ImageDraw.Draw(canvas)
    if night:
        for _ in range(34):
            x, y = rng.randint(0, CANVAS), rng.randint(0, 70)
            draw.ellipse((x - 0.8, y - 0.8, x + 0.8, y + 0.8), fill=(255, 240, 220))
    radius = rng.randint(15, 20) if night else rng.randint(12, 16)
    return glowing(canvas, rng.randint(22, 106), rng.randint(20, 34) if night else rng.randint(52, 66), radius)


def glowing(canvas: Image.Image, x: int, y: int, radius: int) -> Image.Image:
    """A disc of light with its halo."""
    halo = Image.new("RGB", canvas.size)
    draw = ImageDraw.Draw(halo)
    draw.ellipse((x - 2 * radius, y - 2 * radius, x + 2 * radius, y + 2 * radius), fill=(96, 64, 36))
    canvas = ImageChops.screen(canvas, halo.filter(ImageFilter.GaussianBlur(radius * 0.7)))
    ImageDraw.Draw(canvas).ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 238, 196))
    return canvas


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """``share`` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def ridges(rng: Random, canvas: Image.Image, light: Light, *, low: bool) -> None:
    """Three jagged ridges, each nearer one darker, with the light along their crests."""
    draw = ImageDraw.Draw(canvas)
    for depth in range(3):
        base = WATERLINE - (22 - 10 * depth) + (12 if low else 0)
        heights = [rng.uniform(-1, 1) for _ in range(9)]
        rough = (26, 20, 12)[depth]
        crest = [(place * 16, base - rough * heights[place] - rng.uniform(0, 6)) for place in range(9)]
        far = mixed(light.horizon, light.middle, 0.5)
        colour = jitter(rng, mixed(far, light.shadow, (0.25, 0.5, 0.72)[depth]), 6)
        draw.polygon([(0, CANVAS), *crest, (CANVAS, CANVAS)], fill=colour)
        draw.line(crest, fill=mixed(colour, light.horizon, 0.55 - 0.15 * depth), width=2)


def lit(sprite: Image.Image, light: Light) -> Image.Image:
    """The sprite in the hour's colours: its shadows violet, its lights golden, some of its own hue left."""
    grey = np.asarray(sprite.convert("L"), dtype=np.float32) / 255
    seen = grey[np.asarray(sprite.getchannel("A")) > 128]
    dark, bright = np.percentile(seen, 5), np.percentile(seen, 95)
    grey = ((grey - dark) / max(0.05, bright - dark)).clip(0, 1)[..., None]
    stops = np.array((light.shadow, light.middle, (255, 236, 180)), dtype=np.float32) / 255
    lower, upper = (grey * 2).clip(0, 1), (grey * 2 - 1).clip(0, 1)
    toned = stops[0] * (1 - lower) + stops[1] * (lower - upper) + stops[2] * upper
    picture = to_picture(0.65 * toned + 0.35 * to_pixels(sprite))
    picture.putalpha(sprite.getchannel("A"))
    return picture


def on_rock(rng: Random, sprite: Image.Image, light: Light) -> Image.Image:
    """The sprite, smaller, on a rock that hangs in the air."""
    small = sprite.resize((max(1, sprite.width * 5 // 9), max(1, sprite.height * 5 // 9)), Image.Resampling.LANCZOS)
    island = Image.new("RGBA", (84, small.height + 44))
    draw = ImageDraw.Draw(island)
    top = small.height
    rock = mixed(light.shadow, light.middle, 0.45)
    teeth = [
        (84 - 8 * step, top + (44 if step == 5 else rng.randint(12, 30)) - abs(step - 5) * 3) for step in range(1, 10)
    ]
    draw.polygon([(0, top), (84, top), *teeth], fill=(*rock, 255))
    draw.ellipse((0, top - 7, 83, top + 7), fill=(*mixed((120, 150, 90), light.horizon, 0.35), 255))
    island.alpha_composite(small, ((84 - small.width) // 2, 0))
    return island


def place_subject(rng: Random, canvas: Image.Image, sprite: Image.Image, light: Light, flying: bool) -> None:
    """In the air, or standing on a hill of its own."""
    left = (CANVAS - sprite.width) // 2 + rng.randint(-14, 14)
    top = rng.randint(10, 24) if flying else WATERLINE + 4 - sprite.height
    if not flying:
        hill = (left - 18, WATERLINE - 5, left + sprite.width + 18, WATERLINE + 40)
        ImageDraw.Draw(canvas).ellipse(hill, fill=mixed(light.shadow, light.middle, 0.3))
    paste_outlined(canvas, sprite, (left, top), light.shadow, width=1, softness=0.7)


def foreground(rng: Random, canvas: Image.Image, light: Light, where: str) -> Image.Image:
    """A lake that mirrors the scene, dark pines, or rock."""
    draw = ImageDraw.Draw(canvas)
    dark = light.shadow
    if where == "by the lake":
        mirror = canvas.crop((0, 2 * WATERLINE - CANVAS, CANVAS, WATERLINE)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        canvas.paste(Image.blend(mirror, Image.new("RGB", mirror.size, light.middle), 0.4), (0, WATERLINE))
        for _ in range(12):
            x, y = rng.randint(0, CANVAS), rng.randint(WATERLINE + 4, CANVAS)
            draw.line([(x, y), (x + rng.randint(8, 22), y)], fill=mixed(light.middle, light.horizon, 0.7), width=1)
    elif where == "in the forest":
        for _ in range(22):
            x, size = rng.randint(-4, CANVAS + 4), rng.randint(16, 34)
            foot = rng.randint(112, 134)
            draw.polygon([(x - size // 3, foot), (x, foot - size), (x + size // 3, foot)], fill=jitter(rng, dark, 8))
    else:
        crest = [(place * 16, rng.randint(102, 120)) for place in range(9)]
        draw.polygon([(0, CANVAS), *crest, (CANVAS, CANVAS)], fill=dark)
    return canvas


def hazed(rng: Random, canvas: Image.Image, light: Light, depth: float) -> Image.Image:
    """Golden air over the horizon, ``depth`` of 1 dense, and darker corners."""
    height = np.arange(CANVAS, dtype=np.float32)[:, None, None]
    air = depth * np.exp(-(((height - (WATERLINE - 8)) / 16) ** 2)) * (0.75 + 0.25 * clouds(rng, 6)[..., None])
    horizon = np.array(light.horizon, dtype=np.float32) / 255
    away = np.linspace(-1, 1, CANVAS, dtype=np.float32)
    corners = 1 - 0.08 * (away[:, None] ** 2 + away[None, :] ** 2)[..., None]
    return to_picture((to_pixels(canvas) * (1 - air) + horizon * air) * corners)
