"""The same prompts in English and in Indonesian, drawn with the shipped retro adapter."""

from statistics import mean

import numpy as np

from adapters.evaluation.metrics import clip_score
from adapters.manifest import PROMPT
from adapters.registry import SHIPPED, Registry
from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.judging import SHOWN, Drawing, draw
from benchmarks.experiments.record import Row, Strip, by_seed
from engine.nano.classifier import load_classifier
from engine.nano.concepts import concepts
from engine.nano.vocabulary import PLACES

STUDY = "CLIP score 0.328 for English prompts, 0.287 for Indonesian ones"
STYLE = "retro"
LANGUAGES = {"English": "CLIP score 0.328", "Indonesian": "CLIP score 0.287"}
WHO = ("ninja", "fairy", "princess", "robot", "fox")
WHERE = ("river", "village")


def prompts(language: int) -> list[str]:
    """English (0) or Indonesian (1): every subject in every place."""
    known = {concept.name: (concept.english, concept.indonesian)[language][0] for concept in concepts()}
    places = [(PLACES[where].english, PLACES[where].indonesian)[language][0] for where in WHERE]
    return [f"{known[who]} {place}" for who in WHO for place in places]


def measure(room: Experiment) -> None:
    """A row for each language. Pictures are compared with the English text, and with the one they were drawn from.

    ``subject right``: share that nano's shape classifier gives to the asked subject among 20.
    """
    base, classifier = room.adapted(STYLE), load_classifier()
    frame = Registry([SHIPPED]).get(STYLE).manifest.frame
    count = room.size.of(len(WHO) * len(WHERE), 2)
    asked = [who for who in WHO for _ in WHERE][:count]
    english = room.eyes.clip.texts(prompts(0)[:count])
    for number, (language, found) in enumerate(LANGUAGES.items()):
        if room.record.missing(language):
            texts = prompts(number)[:count]
            grid = draw(base, [frame.replace(PROMPT, text) for text in texts], Drawing(), room.size)
            features, own = [room.eyes.clip.pictures(row) for row in grid], room.eyes.clip.texts(texts)
            right = [float(np.mean(np.array(classifier.best(row)) == np.array(asked))) for row in grid]
            row: Row = {
                "language": language,
                **over_seeds("clip_score", [clip_score(pictures, english) for pictures in features]),
                **over_seeds("clip_score of its own text", [clip_score(pictures, own) for pictures in features]),
                **over_seeds("subject right", right),
            }
            room.record.add(language, row | {"the study": found}, Strip(texts[:SHOWN], grid[0][:SHOWN]))


def over_seeds(name: str, values: list[float]) -> Row:
    """The mean of a score over the seeds, and each seed's own."""
    return {name: mean(values), by_seed(name): values}
