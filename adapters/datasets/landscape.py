"""The fantasy look: one low golden light in a violet sky, ridges that pale with distance, a dark foreground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from adapters.datasets.paint import (
    Drawn,
    Sprites,
    clouds,
    paste_outlined,
    scaled,
    softened,
    standing,
    to_picture,
    to_pixels,
)
from engine.nano.scenery import SIDE, Colour, jitter

HORIZON = 92
SHORE = 110
"""Where the foreground begins, in front of the subject's foot."""


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
SUBJECTS = {"castle": 14, "mountain": 9, "volcano": 9, "dragon": 10, "house": 4, "tree": 4}
ISLANDS = frozenset({"house", "tree"})
"""Subjects that stand on a rock in the air."""
PLACES = ("in the mountains", "by the lake", "in the forest")
HOURS = {"at sunset": DUSK, "at dusk": DUSK, "at night": NIGHT, "under the moon": NIGHT}


def draw_landscape(sprites: Sprites) -> Iterator[Drawn]:
    """The fifty pictures."""
    rng = Random(777)
    for subject, share in SUBJECTS.items():
        known = sprites.of(subject)
        for number in range(share):
            where, hour = PLACES[number % len(PLACES)], list(HOURS)[number % len(HOURS)]
            yield draw_scene(rng, subject, known[number % len(known)], where, hour)


def draw_another(rng: Random, sprites: Sprites, subject: str) -> Drawn:
    """The subject in any place at any hour."""
    return draw_scene(rng, subject, rng.choice(sprites.of(subject)), rng.choice(PLACES), rng.choice(list(HOURS)))


def draw_scene(rng: Random, subject: str, sprite: Image.Image, where: str, hour: str) -> Drawn:
    """One subject in one place, or on a floating island if it is one of those that stand there."""
    light = rng.choice(HOURS[hour])
    canvas = painted_sky(rng, light, night=HOURS[hour] is NIGHT)
    ridges(rng, canvas, light)
    canvas = hazed(rng, canvas, light, 0.5)
    sprite = lit(sprite, light)
    if subject in ISLANDS:
        sprite, where = on_rock(rng, sprite, light), "on a floating island"
    else:
        hill(canvas, sprite, light)
    paste_outlined(canvas, sprite, light.shadow, width=2, softness=0.7)
    foreground(rng, canvas, light, where)
    rest = hour if subject == "mountain" and where == "in the mountains" else f"{where} {hour}"
    return Drawn(softened(hazed(rng, canvas, light, 0.14)), subject, rest)


def painted_sky(rng: Random, light: Light, *, night: bool) -> Image.Image:
    """Three colours from top to horizon, streaks of cloud, a low sun or a great moon, stars by night."""
    stops = np.array((light.top, light.middle, light.horizon), dtype=np.float32) / 255
    height = np.linspace(0, 2 * SIDE / HORIZON, SIDE, dtype=np.float32).clip(0, 2)[:, None]
    upper, lower = height.clip(0, 1), (height - 1).clip(0, 1)
    column = stops[0] * (1 - upper) + stops[1] * (upper - lower) + stops[2] * lower
    streaks = np.asarray(to_picture((clouds(rng, 9)[..., None] + 1).repeat(3, axis=2) / 2).resize((256, 64)))[:, 40:168]
    streaks = np.repeat(streaks, 2, axis=0).astype(np.float32) / 255
    cloud = ((streaks - 0.6) * 2).clip(0, 0.5)
    canvas = to_picture(column[:, None, :] * (1 - cloud) + stops[2] * cloud)
    draw = ImageDraw.Draw(canvas)
    if night:
        for _ in range(34):
            x, y = rng.randint(0, SIDE), rng.randint(0, 70)
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


def ridges(rng: Random, canvas: Image.Image, light: Light) -> None:
    """Three jagged ridges, each nearer one darker, with the light along their crests."""
    draw = ImageDraw.Draw(canvas)
    for depth in range(3):
        base = HORIZON - (22 - 10 * depth)
        heights = [rng.uniform(-1, 1) for _ in range(9)]
        rough = (26, 20, 12)[depth]
        crest = [(place * 16, base - rough * heights[place] - rng.uniform(0, 6)) for place in range(9)]
        far = mixed(light.horizon, light.middle, 0.5)
        colour = jitter(rng, mixed(far, light.shadow, (0.25, 0.5, 0.72)[depth]), 6)
        draw.polygon([(0, SIDE), *crest, (SIDE, SIDE)], fill=colour)
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
    small = scaled(sprite, 0.64)
    wide, top = 96, small.height
    island = Image.new("RGBA", (wide, top + 38))
    draw = ImageDraw.Draw(island)
    rock = mixed(light.shadow, light.middle, 0.45)
    depths = [(wide * step / 10, top + (36 if step == 5 else rng.randint(10, 24))) for step in range(9, 0, -1)]
    draw.polygon([(0, top), (wide, top), *depths], fill=(*rock, 255))
    draw.ellipse((0, top - 7, wide - 1, top + 7), fill=(*mixed((120, 150, 90), light.horizon, 0.35), 255))
    island.alpha_composite(small, ((wide - small.width) // 2, 0))
    return island


def hill(canvas: Image.Image, sprite: Image.Image, light: Light) -> None:
    """Ground of its own for the subject to stand on."""
    left, _ = standing(sprite)
    box = (left - 14, SHORE - 4, left + sprite.width + 14, SIDE + 30)
    ImageDraw.Draw(canvas).ellipse(box, fill=mixed(light.shadow, light.middle, 0.3))


def foreground(rng: Random, canvas: Image.Image, light: Light, where: str) -> None:
    """A lake that mirrors the scene, dark pines at the sides, or rock; nothing under an island."""
    draw = ImageDraw.Draw(canvas)
    dark = light.shadow
    if where == "by the lake":
        mirror = canvas.crop((0, 2 * SHORE - SIDE, SIDE, SHORE)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        canvas.paste(Image.blend(mirror, Image.new("RGB", mirror.size, light.middle), 0.4), (0, SHORE))
        for _ in range(8):
            x, y = rng.randint(0, SIDE), rng.randint(SHORE + 4, SIDE)
            draw.line([(x, y), (x + rng.randint(8, 22), y)], fill=mixed(light.middle, light.horizon, 0.7), width=1)
    elif where == "in the forest":
        for side in range(18):
            x, size = rng.randint(-4, 26), rng.randint(20, 44)
            x = SIDE - x if side % 2 else x
            foot = rng.randint(116, 134)
            draw.polygon([(x - size // 3, foot), (x, foot - size), (x + size // 3, foot)], fill=jitter(rng, dark, 8))
    elif where == "in the mountains":
        crest = [(place * 16, rng.randint(SHORE + 2, SHORE + 10)) for place in range(9)]
        draw.polygon([(0, SIDE), *crest, (SIDE, SIDE)], fill=dark)


def hazed(rng: Random, canvas: Image.Image, light: Light, depth: float) -> Image.Image:
    """Golden air over the horizon, ``depth`` of 1 dense, and darker corners."""
    height = np.arange(SIDE, dtype=np.float32)[:, None, None]
    air = depth * np.exp(-(((height - (HORIZON - 8)) / 16) ** 2)) * (0.75 + 0.25 * clouds(rng, 6)[..., None])
    horizon = np.array(light.horizon, dtype=np.float32) / 255
    away = np.linspace(-1, 1, SIDE, dtype=np.float32)
    corners = 1 - 0.08 * (away[:, None] ** 2 + away[None, :] ** 2)[..., None]
    return to_picture((to_pixels(canvas) * (1 - air) + horizon * air) * corners)
