"""The shipped retro adapter drawn without and with negative prompts."""

from benchmarks.seeds.room import Drawing, Room, Row, chosen

STUDY = "negative prompts give +0.01 of CLIP score"
NEGATIVES = ("", "blurry, ugly, deformed", "tree, house, bird")
SCORES = ("clip_score", "reference_similarity", "cmmd")


def measure(room: Room) -> list[Row]:
    """A row for each negative prompt, and how much its CLIP score is above that without one."""
    judge, base = room.judge("retro"), room.adapted("retro")
    rows: list[Row] = []
    without = 0.0
    for negative in NEGATIVES:
        scores = judge.scores(base, Drawing(negative=negative))
        without = without if negative else scores.clip_score
        rows.append({"negative": negative or "-", **chosen(scores, *SCORES), "gain": scores.clip_score - without})
    return rows
