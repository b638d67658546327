"""The retro DreamBooth from 10, 20, 30 and 50 pictures. The 50 include the ten that are held out otherwise."""

import random

from adapters.captions import Row as Line
from adapters.captions import read_rows, write_rows
from adapters.registry import SHIPPED
from benchmarks.experiments.experiment import Experiment, last_loss

STUDY = (
    "30 or more pictures stop stray people in the background, but steps, batch and schedule changed with the number of "
    "pictures; that of landscapes supposes, and does not show, that more data lowers FID (32.35 of ten pictures)"
)
STYLE = "retro"
SIZES = {
    10: "stray people in the background",
    20: "stray people in the background",
    30: "none",
    50: "none",
}
"""How many pictures, and what the study saw with them."""
SCORES = ("clip_score", "reference_similarity", "cmmd", "fid", "nearest_training")
DATA = SHIPPED / STYLE / "dataset"


def choose(size: int) -> list[Line]:
    """So many of the training pictures, chosen by the seed 777; all pictures where there are no more."""
    rows = read_rows(DATA)
    training = [row for row in rows if row.split == "train"]
    return random.Random(777).sample(training if size <= len(training) else rows, size)


def measure(room: Experiment) -> None:
    """A row for nano alone, then one for each size."""
    judge = room.judge(STYLE)
    if room.record.missing("before"):
        scores, strip = judge.before(*SCORES)
        room.record.add("before", {"pictures": 0, "loss": "-", **scores, "the study": "-"}, strip)
    for size, seen in SIZES.items():
        key = f"{size} pictures"
        if room.record.missing(key):
            folder = room.folder(f"pictures-{size}")
            write_rows(folder, [Line(str(DATA / row.file), row.caption) for row in choose(size)])
            training = room.training(STYLE, f"training-{size}", folder)
            run = training.after(room.size.of(training.recipe.steps(size)))
            scores, strip = judge.scores(run.base, *SCORES)
            room.record.add(key, {"pictures": size, "loss": last_loss(run), **scores, "the study": seen}, strip)
