"""The shipped retro adapter drawn without and with negative prompts."""

from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.judging import Drawing
from benchmarks.experiments.record import Row, by_seed

STUDY = "negative prompts give +0.01 of CLIP score"
STYLE = "retro"
NEGATIVES = ("", "blurry, ugly, deformed", "tree, house, bird")
SCORES = ("clip_score", "reference_similarity", "cmmd")


def gain(scores: Row, first: Row) -> Row:
    """How much the CLIP score is above that of the first row, of all pictures and at each seed."""
    name = "clip_score"
    pairs = zip(scores[by_seed(name)], first[by_seed(name)], strict=True)
    return {"gain": scores[name] - first[name], by_seed("gain"): [mine - its for mine, its in pairs]}


def measure(room: Experiment) -> None:
    """A row for each negative prompt, and how much its CLIP score is above that without one."""
    judge, base = room.judge(STYLE), room.adapted(STYLE)
    for negative in NEGATIVES:
        key = f"negative prompt {negative!r}"
        if room.record.missing(key):
            scores, strip = judge.scores(base, *SCORES, how=Drawing(negative=negative))
            first = next(iter(room.record.rows.values()), scores)
            row = {"negative prompt": negative or "-", **scores, **gain(scores, first)}
            room.record.add(key, row | {"the study": "gain 0.01" if negative else "-"}, strip)
