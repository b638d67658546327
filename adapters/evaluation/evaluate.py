"""Before against after: the held-out captions drawn by the base model and with the adapter, at equal seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from adapters.evaluation.backbones import Backbone
from adapters.evaluation.metrics import (
    Array,
    clip_score,
    cmmd,
    consistency,
    frechet_distance,
    nearest_similarity,
    palette,
    palette_uniformity,
    reference_similarity,
)
from adapters.evaluation.pictures import draw_grid, load_adapted, worded
from adapters.registry import Adapter
from adapters.training.data import fit, read_examples

FIRST_SEED = 777
Grid = list[list[Image.Image]]


@dataclass(frozen=True)
class Scores:
    """What was measured of one set of pictures."""

    clip_score: float
    """Cosine of picture and caption."""
    reference_similarity: float
    """Cosine with the held-out pictures."""
    cmmd: float
    fid: float
    """Frechet distance to the held-out pictures, on the backbone's features."""
    palette_uniformity: float
    consistency: float
    """Of one caption over the seeds."""
    nearest_training: float
    """Mean over the pictures of the highest cosine with a training picture."""


@dataclass(frozen=True)
class Evaluation:
    """Both sets, their scores, and what they were compared with."""

    adapter: Adapter
    backbone: str
    captions: list[str]
    references: list[Image.Image]
    drawn: tuple[Grid, Grid]
    """Before and after; one row a seed, one column a caption."""
    before: Scores
    after: Scores
    held_out_nearest: float
    """As ``nearest_training``, of the held-out pictures: what an adapter that learnt nothing by heart comes near."""

    def ratio(self, name: str) -> float:
        """After over before."""
        return float(asdict(self.after)[name] / asdict(self.before)[name])

    @property
    def ratios(self) -> dict[str, float]:
        return {f"{name}_ratio": self.ratio(name) for name in ("cmmd", "fid", "reference_similarity")}

    @property
    def learnt_by_heart(self) -> bool:
        """Whether the pictures are nearer to the training pictures than the held-out ones are."""
        return self.after.nearest_training > self.held_out_nearest

    @property
    def verdict(self) -> str:
        """One sentence."""
        better = self.ratio("cmmd") < 1 and self.ratio("reference_similarity") > 1
        start = f"{self.adapter.name} draws {'more' if better else 'not more'} like its pictures than the base does"
        rest = f"CMMD x {self.ratio('cmmd'):.2f}, similarity x {self.ratio('reference_similarity'):.2f}"
        heart = "it seems to have learnt training pictures by heart" if self.learnt_by_heart else "no over-fitting seen"
        return f"{start} ({rest}); {heart}."


def evaluate(adapter: Adapter, data: Path, backbone: Backbone, seeds: int) -> Evaluation:
    """Draws and measures; ``data`` is the data set the adapter was made from, with a test split."""
    tests, training = (read_examples(data, split) for split in ("test", "train"))
    captions = [example.caption for example in tests]
    prompts = [worded(caption, adapter) for caption in captions]
    models = (load_adapted(which, adapter.manifest.base_model) for which in (None, adapter))
    before, after = (draw_grid(model, prompts, range(FIRST_SEED, FIRST_SEED + seeds)) for model in models)
    references = [opened(example.file, after[0][0].width) for example in tests]
    held_out = backbone.pictures(references)
    learnt = backbone.pictures([opened(example.file, after[0][0].width) for example in training])
    scores = [score(grid, captions, held_out, learnt, backbone) for grid in (before, after)]
    nearest = float(nearest_similarity(held_out, learnt).mean())
    return Evaluation(adapter, backbone.name, captions, references, (before, after), scores[0], scores[1], nearest)


def opened(file: Path, side: int) -> Image.Image:
    """A picture of the data set at the size of the drawn ones."""
    with Image.open(file) as picture:
        return fit(picture.convert("RGB"), side)


def score(grid: Grid, captions: Sequence[str], held_out: Array, learnt: Array, backbone: Backbone) -> Scores:
    """Every measure of one set."""
    pictures = [picture for row in grid for picture in row]
    features = backbone.pictures(pictures)
    by_caption = features.reshape(len(grid), len(captions), -1).transpose(1, 0, 2)
    pixels = np.stack([np.asarray(picture, dtype=np.float32) / 255 for picture in pictures])
    return Scores(
        clip_score=clip_score(features, np.tile(backbone.texts(captions), (len(grid), 1))),
        reference_similarity=reference_similarity(features, held_out),
        cmmd=cmmd(features, held_out),
        fid=frechet_distance(features, held_out),
        palette_uniformity=palette_uniformity(palette(pixels)),
        consistency=float(np.mean([consistency(rows) for rows in by_caption])),
        nearest_training=float(nearest_similarity(features, learnt).mean()),
    )
