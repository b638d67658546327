"""The shipped retro adapter drawn with 10 to 50 steps."""

import time

from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.judging import Drawing

STUDY = "10 to 50 steps were compared; more steps give more quality and take more time"
STYLE = "retro"
STEPS = (10, 20, 30, 40, 50)
SCORES = ("clip_score", "reference_similarity", "cmmd")


def measure(room: Experiment) -> None:
    """A row for each number of steps."""
    judge, base = room.judge(STYLE), room.adapted(STYLE)
    for steps in STEPS:
        key = f"{steps} steps"
        if room.record.missing(key):
            began = time.perf_counter()
            grid = judge.draw(base, Drawing(steps=steps))
            seconds = (time.perf_counter() - began) / judge.pictures
            row = {"steps": room.size.of(steps, 2), "seconds a picture": seconds, **judge.score(grid, *SCORES)}
            room.record.add(key, row | {"the study": "more steps, more quality and time"}, judge.strip(grid))
