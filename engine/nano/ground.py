"""The ground of a scene, and the places that have no sky of their own. See ``engine.nano.scenery``."""

from random import Random

from PIL import Image, ImageDraw, ImageFilter

from engine.nano.scenery import FAR, SIDE, Colour, Painter, dot, gradient, jitter, sky

HORIZON = 88  #: where the ground begins, pixels
SOFT = 0.6  #: standard deviation of the blur that softens drawn edges, pixels


def plain(draw: ImageDraw.ImageDraw, rng: Random, colour: Colour) -> None:
    """A flat ground with a few lighter and darker strokes."""
    base = jitter(rng, colour)
    draw.rectangle((0, HORIZON, SIDE, SIDE), fill=base)
    for _ in range(12):
        x, y = rng.randint(0, SIDE), rng.randint(HORIZON + 4, SIDE)
        draw.line([(x, y), (x + rng.randint(4, 12), y)], fill=jitter(rng, base, 16), width=2)


def grass(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """A green lawn."""
    plain(draw, rng, (112, 186, 78))


def meadow(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Grass full of flowers."""
    plain(draw, rng, (128, 200, 84))
    for _ in range(26):
        petals = rng.choice(((250, 90, 110), (255, 220, 70), (255, 255, 255), (190, 110, 230)))
        dot(draw, rng.randint(0, SIDE), rng.randint(HORIZON + 3, SIDE), 2.5, petals)


def river(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """A blue river across the picture, with a near bank."""
    grass(draw, rng)
    water, top, bottom = jitter(rng, (54, 142, 222)), rng.randint(HORIZON - 2, HORIZON + 3), rng.randint(112, 119)
    slope = rng.randint(-6, 6)
    draw.polygon([(0, top + slope), (SIDE, top - slope), (SIDE, bottom - slope), (0, bottom + slope)], fill=water)
    for _ in range(12):
        x, y = rng.randint(0, SIDE), rng.randint(top + 6, bottom - 5)
        draw.line([(x, y), (x + rng.randint(6, 14), y)], fill=(178, 222, 250), width=2)


def lake(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """A round lake in the grass."""
    grass(draw, rng)
    draw.ellipse((6, HORIZON + 2, SIDE - 6, SIDE - 6), fill=jitter(rng, (70, 160, 226)))
    for _ in range(8):
        x, y = rng.randint(22, 92), rng.randint(HORIZON + 10, SIDE - 14)
        draw.line([(x, y), (x + 10, y)], fill=(190, 228, 250), width=2)


def beach(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Sea, surf and sand."""
    draw.rectangle((0, 72, SIDE, SIDE), fill=jitter(rng, (36, 146, 206)))
    edge = rng.randint(98, 106)
    draw.rectangle((0, edge - 4, SIDE, edge), fill=(240, 250, 255))
    draw.rectangle((0, edge, SIDE, SIDE), fill=jitter(rng, (240, 214, 148)))


def sea(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Open water with waves."""
    draw.rectangle((0, 72, SIDE, SIDE), fill=jitter(rng, (30, 116, 190)))
    for y in range(80, SIDE, 9):
        for x in range(rng.randint(-12, 0), SIDE, 18):
            draw.arc((x, y, x + 14, y + 9), 200, 340, fill=(170, 216, 244), width=2)


def desert(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Sand dunes and a cactus."""
    for _ in range(3):
        x, radius = rng.randint(0, SIDE), rng.randint(40, 70)
        draw.ellipse((x - radius * 1.6, HORIZON - 16, x + radius * 1.6, SIDE + 40), fill=jitter(rng, (232, 184, 104)))
    draw.rectangle((0, HORIZON + 8, SIDE, SIDE), fill=jitter(rng, (240, 196, 118)))
    x = rng.choice((12, SIDE - 12))
    draw.line([(x, 62), (x, 100)], fill=(64, 140, 76), width=6)
    draw.line([(x - 8, 70), (x - 8, 80), (x + 8, 80), (x + 8, 66)], fill=(64, 140, 76), width=4)


def snow(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """White ground, snowy firs and falling flakes."""
    for _ in range(5):
        x, y = rng.randint(0, SIDE), rng.randint(58, 70)
        draw.polygon([(x - 11, y + 26), (x, y - 14), (x + 11, y + 26)], fill=jitter(rng, (70, 120, 110)))
        draw.polygon([(x - 5, y - 2), (x, y - 14), (x + 5, y - 2)], fill=(250, 252, 255))
    plain(draw, rng, (238, 244, 250))
    for _ in range(30):
        dot(draw, rng.randint(0, SIDE), rng.randint(0, SIDE), 1.6, (255, 255, 255))


def fields(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Terraced rice fields."""
    for index, y in enumerate(range(76, SIDE, 9)):
        draw.rectangle((0, y, SIDE, y + 9), fill=jitter(rng, (124, 196, 76) if index % 2 else (84, 166, 78), 8))
        draw.line([(0, y), (SIDE, y + rng.randint(-2, 2))], fill=(150, 206, 220), width=2)


def street(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Asphalt with a dashed line."""
    draw.rectangle((0, 96, SIDE, SIDE), fill=jitter(rng, (84, 86, 96), 8))
    for x in range(rng.randint(-10, 0), SIDE, 24):
        draw.rectangle((x, 111, x + 12, 114), fill=(244, 240, 220))


def path(draw: ImageDraw.ImageDraw, rng: Random) -> None:
    """Trodden earth."""
    plain(draw, rng, (206, 170, 118))


GROUNDS: dict[str, Painter] = {
    "grass": grass,
    "meadow": meadow,
    "river": river,
    "lake": lake,
    "beach": beach,
    "sea": sea,
    "desert": desert,
    "snow": snow,
    "fields": fields,
    "street": street,
    "path": path,
}


def cave(rng: Random) -> Image.Image:
    """A dark cave with stalactites and glowing crystals."""
    canvas = gradient(jitter(rng, (40, 32, 46), 8), jitter(rng, (84, 68, 82), 8))
    draw = ImageDraw.Draw(canvas)
    for x in range(0, SIDE, 16):
        draw.polygon([(x, 0), (x + 8, rng.randint(20, 46)), (x + 16, 0)], fill=jitter(rng, (28, 22, 32), 6))
    draw.rectangle((0, 104, SIDE, SIDE), fill=(52, 42, 52))
    for _ in range(3):
        x = rng.randint(4, SIDE - 4)
        draw.polygon([(x - 5, 106), (x, 86), (x + 5, 106)], fill=rng.choice(((110, 220, 240), (200, 120, 250))))
    return canvas


def jungle(rng: Random) -> Image.Image:
    """Deep green with big leaves and hanging vines."""
    canvas = gradient(jitter(rng, (20, 74, 44)), jitter(rng, (70, 142, 62)))
    draw = ImageDraw.Draw(canvas)
    for _ in range(6):
        x = rng.randint(0, SIDE)
        draw.line([(x, 0), (x + rng.randint(-8, 8), rng.randint(40, 90))], fill=(34, 100, 48), width=3)
    for _ in range(14):
        x, y = rng.choice((rng.randint(-6, 30), rng.randint(98, SIDE + 6))), rng.randint(10, 110)
        draw.ellipse((x - 20, y - 7, x + 20, y + 7), fill=jitter(rng, (48, 150, 66), 26))
    plain(draw, rng, (66, 112, 50))
    return canvas


def underwater(rng: Random) -> Image.Image:
    """Blue depth with bubbles, weed and a sandy bottom."""
    canvas = gradient(jitter(rng, (40, 160, 214)), jitter(rng, (12, 68, 138)))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 112, SIDE, SIDE), fill=jitter(rng, (214, 190, 130)))
    for _ in range(6):
        x = rng.randint(0, SIDE)
        draw.line([(x, 114), (x + 4, 100), (x - 4, 86), (x + 2, 74)], fill=jitter(rng, (40, 150, 90)), width=4)
    for _ in range(14):
        dot(draw, rng.randint(0, SIDE), rng.randint(0, 104), rng.choice((1.5, 2.5, 3.5)), (176, 226, 246))
    return canvas


def space(rng: Random) -> Image.Image:
    """Black space with stars and a planet."""
    canvas = gradient(jitter(rng, (8, 6, 26), 6), jitter(rng, (34, 18, 62), 8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(44):
        dot(draw, rng.randint(0, SIDE), rng.randint(0, SIDE), rng.choice((0.8, 1, 1.8)), (255, 252, 230))
    dot(draw, rng.randint(10, SIDE - 10), rng.randint(10, 40), rng.randint(7, 13), jitter(rng, (214, 120, 84), 40))
    return canvas


ENCLOSED = {"cave": cave, "jungle": jungle, "underwater": underwater, "space": space}


def draw_large(rng: Random, far: str, ground: str, hour: str) -> Image.Image:
    """A scene on the canvas of 128x128 that everything is drawn on. ``ground`` may name an enclosed place, which has
    neither ``far`` nor ``hour``."""
    if ground in ENCLOSED:
        return ENCLOSED[ground](rng)
    canvas = sky(rng, hour)
    layer = Image.new("RGBA", canvas.size)
    draw = ImageDraw.Draw(layer)
    FAR[far](draw, rng)
    GROUNDS[ground](draw, rng)
    canvas.paste(light(layer, hour), (0, 0), layer)
    return canvas


def draw_scene(rng: Random, far: str, ground: str, hour: str) -> Image.Image:
    """The scene of ``draw_large``, its edges softened as antialiasing would."""
    return draw_large(rng, far, ground, hour).filter(ImageFilter.GaussianBlur(SOFT))


def light(layer: Image.Image, hour: str) -> Image.Image:
    """The layer's colours as the hour shows them: blue and dark at night, warm at sunset."""
    if hour == "day":
        return layer.convert("RGB")
    tint = {"night": (30, 40, 96), "sunset": (236, 120, 60)}[hour]
    flat = Image.new("RGB", layer.size, tint)
    return Image.blend(layer.convert("RGB"), flat, 0.55 if hour == "night" else 0.28)
