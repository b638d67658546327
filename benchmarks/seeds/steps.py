"""The retro DreamBooth after 200 to 5000 steps at a constant learning rate: when does it over-fit?"""

from benchmarks.seeds.room import Room, Row, advance, chosen, last_loss

STUDY = "1000 steps were chosen; 5000 steps on 50 pictures over-fit (only flower gardens); loss 0.73 to 0.77"
STEPS = (200, 500, 1000, 2000, 5000)
SCORES = ("clip_score", "reference_similarity", "cmmd", "consistency", "nearest_training")


def measure(room: Room) -> list[Row]:
    """A row for nano alone, then one for each length of one run.

    ``nearest_training`` above the held-out pictures' own says that training pictures come back.
    """
    judge = room.judge("retro")
    rows: list[Row] = [{"steps": 0, "loss": "-", **chosen(judge.before(), *SCORES)}]
    run = room.open("retro")
    for full in STEPS:
        steps = room.scaled(full)
        advance(run, steps)
        rows.append({"steps": steps, "loss": last_loss(run), **chosen(judge.scores(run.base), *SCORES)})
    held_out: Row = {"steps": "held out", "loss": "-", **dict.fromkeys(SCORES, "-")}
    return [*rows, held_out | {"nearest_training": judge.held_out_nearest}]
