"""Before against after: the held-out captions drawn by the base model and with the adapter, at equal seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from adapters.captions import DataError
from adapters.evaluation.backbones import FeatureExtractors
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
from adapters.evaluation.pictures import draw_grid, load_adapted
from adapters.manifest import PROMPT
from adapters.preparation.reading import read_picture, squared
from adapters.registry import Adapter
from adapters.training.data import Example, read_examples

FIRST_SEED = 777
FEWEST = 2
"""Held-out pictures: one has no spread."""
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
    """Frechet distance to the held-out pictures, on Inception's features where it is there, else on CLIP's."""
    palette_uniformity: float
    consistency: float
    """How alike the pictures of one caption are at different seeds: mean pairwise cosine."""
    nearest_training: float
    """Mean over the pictures of the highest cosine with a training picture."""


BY_SEED = ("clip_score", "reference_similarity", "cmmd", "fid", "palette_uniformity", "nearest_training")
"""The scores that the pictures of one seed have by themselves."""


@dataclass(frozen=True)
class Change:
    """What the adapter changes in a score, after minus before, at equal seeds.

    mean: over the seeds. spread: standard deviation of the seeds' own changes (n - 1).
    """

    mean: float
    spread: float

    @property
    def is_clear(self) -> bool:
        """Whether it is more than twice what the choice of the seed changes."""
        return abs(self.mean) > 2 * self.spread

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ± {self.spread:.3f}"


@dataclass(frozen=True)
class Evaluation:
    """Both sets, their scores, and what they were compared with."""

    adapter: Adapter
    weight: float
    """Adapter weight used for the pictures after (its style's own weight)."""
    backbone: str
    fid_backbone: str
    unbiased: bool
    """Which estimate of CMMD the scores hold."""
    captions: list[str]
    seen_captions: int
    """How many of the held-out captions are captions of training pictures too."""
    references: list[Image.Image]
    drawn: tuple[Grid, Grid]
    """Before and after; one row a seed, one column a caption."""
    before: Scores
    after: Scores
    by_seed: tuple[list[dict[str, float]], list[dict[str, float]]]
    """The scores BY_SEED of each seed's pictures, before and after."""
    held_out: dict[str, float]
    """What one could reach who draws just like the held-out pictures: their own scores, and for the two distances that
    of the training pictures to them."""
    nearest: tuple[Array, Array, Array]
    """For each held-out picture, each before and each after: the highest cosine with a training picture."""

    @cached_property
    def changes(self) -> dict[str, Change]:
        """What the adapter changes in each of the scores BY_SEED."""
        changes = {}
        for name in BY_SEED:
            values = [after[name] - before[name] for before, after in zip(*self.by_seed, strict=True)]
            changes[name] = Change(float(np.mean(values)), float(np.std(values, ddof=1)))
        return changes

    @property
    def learnt_by_heart(self) -> bool:
        """Whether the pictures are nearer to the training pictures than the held-out ones are."""
        return self.after.nearest_training > self.held_out["nearest_training"]

    @property
    def verdict(self) -> str:
        """One sentence: whether it draws like its pictures, what that does to the captions, and over-fitting."""
        alike, distance, caption = (self.changes[name] for name in ("reference_similarity", "cmmd", "clip_score"))
        towards, certain = alike.mean > 0 and distance.mean < 0, alike.is_clear and distance.is_clear
        how = "clearly more" if towards and certain else "perhaps more" if towards else "not more"
        start = f"{self.adapter.name} draws {how} like its pictures than the base does"
        follows = "follows captions as well"
        if caption.is_clear:
            follows = f"follows captions {'better' if caption.mean > 0 else 'less'} (CLIP score {caption})"
        heart = "it seems to have learnt training pictures by heart" if self.learnt_by_heart else "no over-fitting seen"
        return f"{start} (similarity {alike}, CMMD {distance}), {follows}; {heart}."


@dataclass(frozen=True)
class Target:
    """Features of the held-out pictures and of the training pictures, and the held-out captions' own."""

    texts: Array
    held_out: Array
    learnt: Array
    frechet: tuple[Array, Array]
    """Features of the held-out and of the training pictures, for the Frechet distance."""


def evaluate(adapter: Adapter, data: Path, eyes: FeatureExtractors, seeds: int) -> Evaluation:
    """Draws and measures; ``data`` is the data set the adapter was made from, with a test split."""
    manifest = adapter.manifest
    tests, training = read_examples(data, "test"), read_examples(data, "train")
    if len(tests) < FEWEST:
        raise DataError(f"{data}: {len(tests)} picture is held out, but {FEWEST} are the fewest to compare with")
    captions = [example.caption for example in tests]
    weight = manifest.style.weight if manifest.style else 1.0
    grids = draw_both(adapter, weight, [manifest.frame.replace(PROMPT, caption) for caption in captions], seeds)
    side = grids[0][0][0].width
    target = look(tests, training, eyes, side)
    references = [opened(example.file, side) for example in tests]
    (before, near_before), (after, near_after) = (score(grid, target, eyes) for grid in grids)
    known = {example.caption for example in training}
    return Evaluation(
        adapter,
        weight,
        eyes.clip.name,
        eyes.frechet.name,
        eyes.unbiased,
        captions,
        sum(caption in known for caption in captions),
        references,
        grids,
        before,
        after,
        (scores_by_seed(grids[0], target, eyes), scores_by_seed(grids[1], target, eyes)),
        own_scores(references, target, unbiased=eyes.unbiased),
        (nearest_similarity(target.held_out, target.learnt), near_before, near_after),
    )


def look(tests: Sequence[Example], training: Sequence[Example], eyes: FeatureExtractors, side: int) -> Target:
    """The features of a data set's pictures at ``side`` pixels."""
    references, known = ([opened(example.file, side) for example in examples] for examples in (tests, training))
    texts = eyes.clip.texts([example.caption for example in tests])
    frechet = eyes.frechet.pictures(references), eyes.frechet.pictures(known)
    return Target(texts, eyes.clip.pictures(references), eyes.clip.pictures(known), frechet)


def draw_both(adapter: Adapter, weight: float, prompts: Sequence[str], seeds: int) -> tuple[Grid, Grid]:
    """The prompts at equal seeds by the base model alone, and with the adapter."""
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    model = adapter.manifest.base_model
    before = draw_grid(load_adapted(None, model), prompts, numbers, "drawing without the adapter")
    return before, draw_grid(load_adapted(adapter, model, weight), prompts, numbers, "drawing with the adapter")


def opened(file: Path, side: int) -> Image.Image:
    """A picture of the data set at the size of the drawn ones."""
    return squared(read_picture(file), side)


def score(grid: Grid, target: Target, eyes: FeatureExtractors) -> tuple[Scores, Array]:
    """Every measure of one set, and of each of its pictures the highest cosine with a training picture."""
    pictures = [picture for row in grid for picture in row]
    features = eyes.clip.pictures(pictures)
    frechet = eyes.inception.pictures(pictures) if eyes.inception else features
    by_caption = features.reshape(len(grid), len(target.texts), -1).transpose(1, 0, 2)
    nearest = nearest_similarity(features, target.learnt)
    scores = Scores(
        clip_score=clip_score(features, np.tile(target.texts, (len(grid), 1))),
        reference_similarity=reference_similarity(features, target.held_out),
        cmmd=cmmd(features, target.held_out, unbiased=eyes.unbiased),
        fid=frechet_distance(frechet, target.frechet[0]),
        palette_uniformity=palette_uniformity(histograms(pictures)),
        consistency=float(np.mean([consistency(rows) for rows in by_caption])) if len(grid) > 1 else 1.0,
        nearest_training=float(nearest.mean()),
    )
    return scores, nearest


def scores_by_seed(grid: Grid, target: Target, eyes: FeatureExtractors) -> list[dict[str, float]]:
    """The scores BY_SEED of each row of the grid."""
    rows = (asdict(score([row], target, eyes)[0]) for row in grid)
    return [{name: row[name] for name in BY_SEED} for row in rows]


def own_scores(references: Sequence[Image.Image], target: Target, *, unbiased: bool) -> dict[str, float]:
    """``Evaluation.held_out``."""
    return {
        "clip_score": clip_score(target.held_out, target.texts),
        "reference_similarity": consistency(target.held_out),
        "cmmd": cmmd(target.learnt, target.held_out, unbiased=unbiased),
        "fid": frechet_distance(target.frechet[1], target.frechet[0]),
        "palette_uniformity": palette_uniformity(histograms(references)),
        "nearest_training": float(nearest_similarity(target.held_out, target.learnt).mean()),
    }


def histograms(pictures: Sequence[Image.Image]) -> Array:
    """The palette of each picture."""
    return palette(np.stack([np.asarray(picture, dtype=np.float32) / 255 for picture in pictures]))


def palettes(evaluation: Evaluation) -> tuple[Array, Array, Array]:
    """The palettes of the held-out pictures, before and after."""
    before, after = ([picture for row in grid for picture in row] for grid in evaluation.drawn)
    return histograms(evaluation.references), histograms(before), histograms(after)
