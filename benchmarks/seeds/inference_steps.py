"""The shipped retro adapter drawn with 10 to 50 steps."""

import time

from benchmarks.seeds.room import Drawing, Room, Row, chosen

STUDY = "10 to 50 steps were compared; more steps give more quality and take more time"
STEPS = (10, 20, 30, 40, 50)
SCORES = ("clip_score", "reference_similarity", "cmmd")


def measure(room: Room) -> list[Row]:
    """A row for each number of steps; seconds are those of one picture, its share of the judging included."""
    judge, base = room.judge("retro"), room.adapted("retro")
    rows: list[Row] = []
    for steps in STEPS:
        began = time.perf_counter()
        scores = judge.scores(base, Drawing(steps=steps))
        seconds = (time.perf_counter() - began) / judge.pictures
        rows.append({"steps": room.scaled(steps, 2), "seconds_a_picture": seconds, **chosen(scores, *SCORES)})
    return rows
