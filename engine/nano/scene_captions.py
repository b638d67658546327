"""What a training picture shows (``Scene``) and the many ways to say it in English and Indonesian."""

from dataclasses import dataclass
from random import Random

from engine.nano.concepts import Concept, concepts
from engine.nano.vocabulary import (
    ACTIONS,
    BEHIND,
    COLOURS,
    DETERMINERS,
    ENDINGS,
    FILLERS,
    HOURS,
    OPENINGS,
    PLACES,
)

ENGLISH, INDONESIAN = 0, 1


@dataclass(frozen=True)
class Scene:
    """One picture. ``place`` (with ``far``, ``ground`` and ``hour``) or ``shade`` says what is behind the subject.

    ``concept`` indexes ``concepts()``, ``sprite`` that concept's sprites; ``colour`` is what the subject is tinted.
    """

    concept: int | None
    sprite: int
    colour: str | None
    shade: str | None
    place: str | None
    far: str
    ground: str
    hour: str


def caption(scene: Scene, rng: Random, words: list[str]) -> str:
    """One caption of ``scene``, now in one language, now in the other; ``words`` are strewn in as noise."""
    language = ENGLISH if rng.random() < 0.62 else INDONESIAN
    parts = []
    if rng.random() < 0.25:
        parts.append(rng.choice(OPENINGS[language]))
    if scene.concept is None:
        parts.append(landscape(scene, language))
    else:
        parts.append(subject(scene, concepts()[scene.concept], rng, language))
        parts.append(background(scene, rng, language))
    parts.append(hour(scene, rng, language))
    text = " ".join(" ".join(parts).split())
    if rng.random() < 0.15:
        text += ", " + ", ".join(rng.sample(ENDINGS[language], rng.randint(1, 2)))
    return strew(text, rng, words)


def subject(scene: Scene, concept: Concept, rng: Random, language: int) -> str:
    """Determiner, fillers, colour and name, in the language's order."""
    names = (concept.english, concept.indonesian)[language]
    name = names[0] if rng.random() < 0.5 else rng.choice(names)
    filler = rng.choice(FILLERS[language]) if rng.random() < 0.35 else ""
    colour = "" if scene.colour is None else (scene.colour, COLOURS[scene.colour][1])[language]
    action = rng.choice(ACTIONS[language]) if rng.random() < 0.15 else ""
    determiner = rng.choice(DETERMINERS[language])
    order = (
        (determiner, filler, colour, name, action)
        if language == ENGLISH
        else (determiner, name, colour, filler, action)
    )
    return " ".join(word for word in order if word)


def background(scene: Scene, rng: Random, language: int) -> str:
    """The plain colour or the place; sometimes left unsaid."""
    if rng.random() < 0.12:
        return ""
    if scene.shade is not None:
        shade = (scene.shade, COLOURS[scene.shade][1])[language]
        forms = (
            ("on a {} background", "{} background", "in front of a {} background", "on {}"),
            ("dengan latar {}", "latar belakang {}", "di latar {}"),
        )
        return rng.choice(forms[language]).format(shade)
    assert scene.place is not None
    place = PLACES[scene.place]
    said = rng.choice((place.english, place.indonesian)[language])
    return f"{said} {behind(scene, language)}" if rng.random() < 0.6 else said


def behind(scene: Scene, language: int) -> str:
    """The phrase of the far layer where that is a place of its own, as in "by the river in the forest"."""
    other = BEHIND.get(scene.far)
    if other is None or other == scene.place:
        return ""
    return (PLACES[other].english, PLACES[other].indonesian)[language][0]


def landscape(scene: Scene, language: int) -> str:
    """A picture without a subject: the place itself."""
    assert scene.place is not None
    return f"{PLACES[scene.place].noun[language]} {behind(scene, language)}".strip()


def hour(scene: Scene, rng: Random, language: int) -> str:
    """The hour, where the picture has a sky; an ordinary day is rarely mentioned."""
    if scene.place in {None, "cave", "jungle", "underwater", "space"}:
        return ""
    mentioned = 0.12 if scene.hour == "day" else 0.9
    return rng.choice(HOURS[scene.hour][language]) if rng.random() < mentioned else ""


def strew(text: str, rng: Random, words: list[str]) -> str:
    """Insert up to three unknown words anywhere in a third of the captions, so that they are learnt to mean nothing."""
    if rng.random() > 0.33:
        return text
    said = text.split(" ")
    for word in rng.sample(words, rng.randint(1, 3)):
        said.insert(rng.randint(0, len(said)), word)
    return " ".join(said)
