"""The retro DreamBooth with and without the L2 penalty on the text encoder's weights."""

from adapters.training.base import load_base
from adapters.training.loop import Run
from benchmarks.seeds.room import Room, Row, advance, chosen, last_loss

STUDY = "similarity to the reference pictures about 0.70 without, a further +0.02 with the penalty"
WEIGHTS = (0.0, 0.01, 0.1)
SCORES = ("clip_score", "reference_similarity", "cmmd", "consistency")


def moved(run: Run) -> float:
    """Squared distance (summed) of the text encoder's weights from nano's."""
    before = load_base("nano").text_encoder.state_dict()
    now = run.base.text_encoder.state_dict()
    return sum(float((now[name] - before[name]).square().sum()) for name in before)


def measure(room: Room) -> list[Row]:
    """A row for nano alone, then one for each weight of the penalty."""
    judge = room.judge("retro")
    rows: list[Row] = [{"penalty": "-", "loss": "-", "moved": 0.0, **chosen(judge.before(), *SCORES)}]
    for weight in WEIGHTS:
        run = room.open("retro", dreambooth={"text_l2": weight})
        advance(run, room.scaled(run.steps))
        scores = chosen(judge.scores(run.base), *SCORES)
        rows.append({"penalty": weight, "loss": last_loss(run), "moved": moved(run), **scores})
    return rows
