"""The retro DreamBooth from 10, 20, 30 and 50 pictures. The 50 include the ten that are held out otherwise."""

import random

from adapters.captions import Row as Line
from adapters.captions import read_rows, write_rows
from adapters.registry import SHIPPED
from benchmarks.seeds.room import Room, Row, advance, chosen, last_loss

STUDY = "30 or more pictures stop stray people in the background; for landscapes, more data lowers FID"
SIZES = (10, 20, 30, 50)
SCORES = ("clip_score", "reference_similarity", "cmmd", "fid", "nearest_training")
DATA = SHIPPED / "retro" / "dataset"


def choose(size: int) -> list[Line]:
    """So many of the training pictures, chosen by the seed 777; all pictures where there are no more."""
    rows = read_rows(DATA)
    training = [row for row in rows if row.split == "train"]
    return random.Random(777).sample(training if size <= len(training) else rows, size)


def measure(room: Room) -> list[Row]:
    """A row for nano alone, then one for each size."""
    judge = room.judge("retro")
    rows: list[Row] = [{"pictures": 0, "loss": "-", **chosen(judge.before(), *SCORES)}]
    for size in SIZES:
        folder = room.folder(f"pictures-{size}")
        write_rows(folder, [Line(str(DATA / row.file), row.caption) for row in choose(size)])
        run = room.open("retro", folder)
        advance(run, room.scaled(run.steps))
        rows.append({"pictures": size, "loss": last_loss(run), **chosen(judge.scores(run.base), *SCORES)})
    return rows
