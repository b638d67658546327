"""The storybook LoRA after 5, 10 and 20 epochs, with batches of 4, 8 and 16."""

from benchmarks.experiments.experiment import Experiment, last_loss

STUDY = (
    "CMMD to the held-out pictures 0.7 before and 0.5 after tuning; training loss about 0.1; too many epochs distort"
)
STYLE = "kancil"
EPOCHS, BATCHES = (5, 10, 20), (4, 8, 16)
SCORES = ("cmmd", "fid", "reference_similarity", "palette_uniformity")


def measure(room: Experiment) -> None:
    """A row for nano alone, then one for each pair."""
    judge = room.judge(STYLE)
    if room.record.missing("before"):
        scores, strip = judge.before(*SCORES)
        row = {"batch": "-", "epochs": 0, "steps": 0, "loss": "-", **scores, "the study": "CMMD 0.7"}
        room.record.add("before", row, strip)
    for batch in BATCHES:
        training = room.training(STYLE, f"batch-{batch}", training={"batch_size": batch})
        for epochs in EPOCHS:
            key = f"batches of {batch}, {epochs} epochs"
            if room.record.missing(key):
                run = training.after(room.size.of(-(-training.pictures * epochs // batch)))
                row = {"batch": batch, "epochs": epochs, "steps": len(run.losses), "loss": last_loss(run)}
                scores, strip = judge.scores(run.base, *SCORES)
                room.record.add(key, row | scores | {"the study": "CMMD 0.5, setting not known"}, strip)
