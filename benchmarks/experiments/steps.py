"""The retro DreamBooth after 200 to 5000 steps of one picture: when does it over-fit?"""

from benchmarks.experiments.experiment import Experiment, last_loss

STUDY = (
    "1000 steps of one picture were chosen; 5000 steps of six on 50 pictures over-fit (only flower gardens); loss 0.73 "
    "to 0.77"
)
STYLE = "retro"
STEPS = {200: "-", 500: "-", 1000: "chosen; loss 0.73 to 0.77", 2000: "-", 5000: "over-fit, in batches of 6"}
"""How many, and what the study saw after them."""
SCORES = ("clip_score", "reference_similarity", "cmmd", "consistency", "nearest_training")


def measure(room: Experiment) -> None:
    """A row for nano alone, then one for each length of one run.

    ``nearest_training`` above that of the held-out pictures says that training pictures come back.
    """
    judge = room.judge(STYLE)
    if room.record.missing("before"):
        scores, strip = judge.before(*SCORES)
        room.record.add("before", {"steps": 0, "loss": "-", **scores, "the study": "-"}, strip)
    training = room.training(STYLE, "training", training={"batch_size": 1})
    for full, seen in STEPS.items():
        key = f"{full} steps"
        if room.record.missing(key):
            run = training.after(room.size.of(full))
            scores, strip = judge.scores(run.base, *SCORES)
            row = {"steps": len(run.losses), "loss": last_loss(run), **scores, "the study": seen}
            room.record.add(key, row, strip)
    if room.record.missing("held out"):
        row = {"steps": "held out", "loss": "-", **dict.fromkeys(SCORES, "-"), "the study": "-"}
        room.record.add("held out", row | {"nearest_training": judge.held_out_nearest}, judge.held_out_strip)
