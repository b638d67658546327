"""The shipped retro adapter drawn with guidance scales of 5 to 9."""

from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.judging import Drawing

STUDY = "guidance scales of 5 to 9 were compared; higher follows the prompt, lower is freer"
STYLE = "retro"
SCALES = {5: "freer", 6: "-", 7: "-", 8: "-", 9: "follows the prompt"}
"""Guidance scales, and what the study says of them."""
SCORES = ("clip_score", "reference_similarity", "cmmd", "consistency")


def measure(room: Experiment) -> None:
    """A row for each guidance scale."""
    judge, base = room.judge(STYLE), room.adapted(STYLE)
    for scale, said in SCALES.items():
        key = f"guidance scale {scale}"
        if room.record.missing(key):
            scores, strip = judge.scores(base, *SCORES, how=Drawing(guidance_scale=scale))
            room.record.add(key, {"guidance scale": scale, **scores, "the study": said}, strip)
