"""The shipped retro adapter drawn with guidance scales of 5 to 9."""

from benchmarks.seeds.room import Drawing, Room, Row, chosen

STUDY = "guidance scales of 5 to 9 were compared; higher follows the prompt, lower is freer"
SCALES = (5.0, 6.0, 7.0, 8.0, 9.0)
SCORES = ("clip_score", "reference_similarity", "cmmd", "consistency")


def measure(room: Room) -> list[Row]:
    """A row for each guidance scale."""
    judge, base = room.judge("retro"), room.adapted("retro")
    return [
        {"guidance_scale": scale, **chosen(judge.scores(base, Drawing(guidance_scale=scale)), *SCORES)}
        for scale in SCALES
    ]
