"""The storybook LoRA after 5, 10 and 20 epochs, with batches of 4, 8 and 16."""

from benchmarks.seeds.room import Room, Row, advance, chosen, last_loss

STUDY = "CMMD 0.7 before and 0.5 after tuning (ratio 0.71); training loss about 0.1; too many epochs distort"
EPOCHS, BATCHES = (5, 10, 20), (4, 8, 16)
SCORES = ("cmmd", "fid", "reference_similarity", "palette_uniformity")


def measure(room: Room) -> list[Row]:
    """A row for nano alone, then one for each pair."""
    judge = room.judge("kancil")
    rows: list[Row] = [{"batch": "-", "epochs": 0, "steps": 0, "loss": "-", **chosen(judge.before(), *SCORES)}]
    for batch in BATCHES:
        run = room.open("kancil", training={"batch_size": batch})
        for epochs in EPOCHS:
            steps = room.scaled(-(-run.trainer.pictures * epochs // batch))
            advance(run, steps)
            scores = judge.scores(run.base)
            rows.append(
                {"batch": batch, "epochs": epochs, "steps": steps, "loss": last_loss(run), **chosen(scores, *SCORES)}
            )
    return rows
