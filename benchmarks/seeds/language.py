"""The same prompts in English and in Indonesian, drawn with the shipped retro adapter."""

import numpy as np

from adapters.evaluation.metrics import clip_score
from benchmarks.seeds.room import Drawing, Room, Row, draw
from engine.nano.classifier import load_classifier
from engine.nano.concepts import concepts
from engine.nano.words import PLACES

STUDY = "CLIP score 0.328 for English prompts, 0.287 for Indonesian ones"
WHO = ("ninja", "fairy", "princess", "robot", "fox")
WHERE = ("river", "village")


def prompts(language: int) -> list[str]:
    """English (0) or Indonesian (1): every subject in every place."""
    known = {concept.name: (concept.english, concept.indonesian)[language][0] for concept in concepts()}
    places = [(PLACES[where].english, PLACES[where].indonesian)[language][0] for where in WHERE]
    return [f"{known[who]} {place}" for who in WHO for place in places]


def measure(room: Room) -> list[Row]:
    """A row for each language. Pictures are compared with the English text, and with the one they were drawn from.

    ``subject_right``: share that nano's shape classifier gives to the asked subject among 20.
    """
    base, classifier = room.adapted("retro"), load_classifier()
    count = room.scaled(len(WHO) * len(WHERE), 2)
    asked = [who for who in WHO for _ in WHERE][:count]
    english = room.eyes.clip.texts(prompts(0)[:count])
    rows: list[Row] = []
    for number, language in enumerate(("English", "Indonesian")):
        texts = prompts(number)[:count]
        grid = draw(room, base, texts, Drawing())
        pictures = [picture for row in grid for picture in row]
        features, own = room.eyes.clip.pictures(pictures), room.eyes.clip.texts(texts)
        right = np.array(classifier.best(pictures)) == np.array(asked * len(grid))
        rows.append(
            {
                "language": language,
                "clip_score": clip_score(features, np.tile(english, (len(grid), 1))),
                "clip_score_of_own_text": clip_score(features, np.tile(own, (len(grid), 1))),
                "subject_right": float(right.mean()),
            }
        )
    return rows
