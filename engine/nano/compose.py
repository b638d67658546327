"""Choose scenes and draw them: a tinted sprite with its shadow over a plain, graded or drawn background."""

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from engine.nano.concepts import concepts
from engine.nano.ground import ENCLOSED, draw_scene
from engine.nano.scene_captions import Scene
from engine.nano.scenery import SIDE, Colour, gradient, jitter
from engine.nano.vocabulary import COLOURS, PLACES

FILL = 0.8  #: the subject's longer side as a share of the picture's
FEET = 120  #: where the subject stands, pixels from the top


def choose(rng: Random, sprite_counts: list[int], number: int | None = None) -> Scene:
    """A random scene, of concept ``number`` if given; ``sprite_counts[i]`` is how many sprites concept ``i`` has."""
    if number is None and rng.random() >= 0.06:
        number = pick_concept(rng)
    sprite = 0 if number is None else rng.randrange(sprite_counts[number])
    colour = rng.choice(list(COLOURS)) if rng.random() < 0.16 else None
    if number is not None and rng.random() < 0.42:
        shade = rng.choice([name for name in COLOURS if name != colour])
        return Scene(number, sprite, colour, shade, None, "open", "grass", "day")
    place = rng.choice([*PLACES, "river", "river", "forest"])
    far, ground = rng.choice(PLACES[place].far), rng.choice(PLACES[place].grounds)
    hour = "day" if ground in ENCLOSED else rng.choices(("day", "sunset", "night"), (6, 2, 2))[0]
    return Scene(number, sprite, colour, None, place, far, ground, hour)


def pick_concept(rng: Random) -> int:
    """A concept's number, by weight."""
    return rng.choices(range(len(concepts())), [concept.weight for concept in concepts()])[0]


def draw(scene: Scene, sprites: list[Image.Image], rng: Random) -> Image.Image:
    """The scene as 128x128 RGB; ``sprites`` are those of its concept."""
    if scene.shade is not None:
        canvas = backdrop(COLOURS[scene.shade][0], rng)
    else:
        canvas = draw_scene(rng, scene.far, scene.ground, scene.hour)
    if scene.concept is not None:
        sprite = sprites[scene.sprite]
        paste(canvas, sprite if scene.colour is None else tint(sprite, COLOURS[scene.colour][0]), scene)
    return canvas


def backdrop(colour: Colour, rng: Random) -> Image.Image:
    """A plain colour, or one that fades a little."""
    near = jitter(rng, colour, 12)
    other = near if rng.random() < 0.6 else jitter(rng, colour, 40)
    return gradient(near, other)


def paste(canvas: Image.Image, sprite: Image.Image, scene: Scene) -> None:
    """Put the subject in, always at the same place and size: so few training steps learn it best that way."""
    scale = FILL * SIDE / max(sprite.size)
    width, height = (max(1, round(length * scale)) for length in sprite.size)
    small = sprite.resize((width, height), Image.Resampling.LANCZOS)
    x, y = (SIDE - width) // 2, FEET - height
    if not scene.shade:
        shadow(canvas, x, FEET, width)
    canvas.paste(small, (x, y), small)


def shadow(canvas: Image.Image, x: int, feet: int, width: int) -> None:
    """A soft dark ellipse under the feet."""
    mask = Image.new("L", (canvas.width * 2, canvas.height * 2))
    ImageDraw.Draw(mask).ellipse((2 * x + width * 0.3, 2 * feet - 10, 2 * x + width * 1.7, 2 * feet + 8), fill=70)
    canvas.paste((0, 0, 0), (0, 0), mask.resize(canvas.size, Image.Resampling.BOX))


def tint(sprite: Image.Image, colour: Colour) -> Image.Image:
    """The sprite in shades of one colour: dark parts darker, light parts lighter than it."""
    grey = sprite.convert("L")
    values = np.asarray(grey)
    low, spread = int(values.min()), max(1, int(np.ptp(values)))
    shades = [shade(channel, (value - low) / spread) for channel in colour for value in range(256)]
    tinted = Image.merge("RGB", (grey, grey, grey)).point(shades)
    tinted.putalpha(sprite.getchannel("A"))
    return tinted


def shade(channel: int, lightness: float) -> int:
    """One channel of a tint where the sprite's ``lightness`` is 0 (its darkest part) to 1 (its lightest)."""
    lightness = min(1.0, max(0.0, lightness))
    if lightness < 0.6:
        return round(channel * (0.4 + lightness))
    return round(channel + (255 - channel) * 0.6 * (lightness - 0.6) / 0.4)
