"""Before against after: the held-out captions drawn by the base model and with the adapter, at equal seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    """Of one caption over the seeds."""
    nearest_training: float
    """Mean over the pictures of the highest cosine with a training picture."""


@dataclass(frozen=True)
class Evaluation:
    """Both sets, their scores, and what they were compared with."""

    adapter: Adapter
    weight: float
    """Of the adapter in the pictures after: that of its style."""
    backbone: str
    fid_backbone: str
    unbiased: bool
    """Which estimate of CMMD the scores hold."""
    captions: list[str]
    references: list[Image.Image]
    drawn: tuple[Grid, Grid]
    """Before and after; one row a seed, one column a caption."""
    before: Scores
    after: Scores
    held_out: dict[str, float]
    """Those scores that the held-out pictures have by themselves: what one could reach who draws just like them."""
    nearest: tuple[Array, Array, Array]
    """Of each held-out picture, each before and each after: the highest cosine with a training picture."""

    def ratio(self, name: str) -> float:
        """After over before."""
        return float(asdict(self.after)[name] / asdict(self.before)[name])

    @property
    def ratios(self) -> dict[str, float]:
        return {f"{name}_ratio": self.ratio(name) for name in ("cmmd", "fid", "reference_similarity")}

    @property
    def learnt_by_heart(self) -> bool:
        """Whether the pictures are nearer to the training pictures than the held-out ones are."""
        return self.after.nearest_training > self.held_out["nearest_training"]

    @property
    def verdict(self) -> str:
        """One sentence."""
        better = self.ratio("cmmd") < 1 and self.ratio("reference_similarity") > 1
        start = f"{self.adapter.name} draws {'more' if better else 'not more'} like its pictures than the base does"
        rest = f"CMMD x {self.ratio('cmmd'):.2f}, similarity x {self.ratio('reference_similarity'):.2f}"
        heart = "it seems to have learnt training pictures by heart" if self.learnt_by_heart else "no over-fitting seen"
        return f"{start} ({rest}); {heart}."


@dataclass(frozen=True)
class Target:
    """Features of the held-out pictures and of the training pictures, and the held-out captions' own."""

    texts: Array
    held_out: Array
    learnt: Array
    frechet: Array
    """Of the held-out pictures, for the Frechet distance."""


def evaluate(adapter: Adapter, data: Path, eyes: FeatureExtractors, seeds: int) -> Evaluation:
    """Draws and measures; ``data`` is the data set the adapter was made from, with a test split."""
    manifest = adapter.manifest
    tests = read_examples(data, "test")
    if len(tests) < FEWEST:
        raise DataError(f"{data}: {len(tests)} picture is held out, but {FEWEST} are the fewest to compare with")
    captions = [example.caption for example in tests]
    weight = manifest.style.weight if manifest.style else 1.0
    grids = draw_both(adapter, weight, [manifest.frame.replace(PROMPT, caption) for caption in captions], seeds)
    side = grids[0][0][0].width
    target = look(tests, read_examples(data, "train"), eyes, side)
    references = [opened(example.file, side) for example in tests]
    (before, near_before), (after, near_after) = (score(grid, target, eyes) for grid in grids)
    return Evaluation(
        adapter,
        weight,
        eyes.clip.name,
        eyes.frechet.name,
        eyes.unbiased,
        captions,
        references,
        grids,
        before,
        after,
        own_scores(references, target),
        (nearest_similarity(target.held_out, target.learnt), near_before, near_after),
    )


def look(tests: Sequence[Example], training: Sequence[Example], eyes: FeatureExtractors, side: int) -> Target:
    """The features of a data set's pictures at ``side`` pixels."""
    references, known = ([opened(example.file, side) for example in examples] for examples in (tests, training))
    texts = eyes.clip.texts([example.caption for example in tests])
    return Target(texts, eyes.clip.pictures(references), eyes.clip.pictures(known), eyes.frechet.pictures(references))


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
        fid=frechet_distance(frechet, target.frechet),
        palette_uniformity=palette_uniformity(histograms(pictures)),
        consistency=float(np.mean([consistency(rows) for rows in by_caption])),
        nearest_training=float(nearest.mean()),
    )
    return scores, nearest


def own_scores(references: Sequence[Image.Image], target: Target) -> dict[str, float]:
    """``Evaluation.held_out``."""
    return {
        "clip_score": clip_score(target.held_out, target.texts),
        "reference_similarity": consistency(target.held_out),
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
