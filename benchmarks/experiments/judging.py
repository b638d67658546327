"""A judge for what a model draws for the held-out captions of a shipped style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from adapters.cli.output import tracked
from adapters.evaluation.backbones import FeatureExtractors
from adapters.evaluation.evaluate import BY_SEED, FIRST_SEED, Grid, look, opened, score, scores_by_seed
from adapters.evaluation.metrics import nearest_similarity
from adapters.evaluation.pictures import GUIDANCE_SCALE
from adapters.manifest import PROMPT
from adapters.registry import SHIPPED, Registry
from adapters.training.base import Base, load_base
from adapters.training.data import read_examples
from benchmarks.experiments.record import Row, Strip, by_seed

CAPTIONS, SEEDS = 10, 4
"""Held-out captions, and pictures of each."""
SHOWN = 6
"""Captions of a strip."""


@dataclass(frozen=True)
class Drawing:
    """How pictures are drawn; the defaults are those of the evaluation."""

    steps: int = 25
    guidance_scale: float = GUIDANCE_SCALE
    negative: str = ""


@dataclass(frozen=True)
class Size:
    """How much is drawn and trained: a share of the full lengths and numbers."""

    scale: float

    def of(self, number: float, least: int = 1) -> int:
        """So many of the full number."""
        return max(least, round(number * self.scale))


class Judge:
    """Draws captions, worded as the style words them, and compares the pictures with those that were held out."""

    def __init__(self, style: str, eyes: FeatureExtractors, size: Size) -> None:
        adapter = Registry([SHIPPED]).get(style)
        data = adapter.folder / "dataset"
        tests, training = read_examples(data, "test")[: size.of(CAPTIONS, 2)], read_examples(data)
        self._eyes, self._size = eyes, size
        self._side = load_base("nano").native
        self._target = look(tests, training, eyes, self._side)
        self._seen = len({one.caption for one in tests} & {one.caption for one in training})
        self._shown = tests[:SHOWN]
        self._prompts = [adapter.manifest.frame.replace(PROMPT, example.caption) for example in tests]

    @property
    def pictures(self) -> int:
        """How many are drawn for the scores of a model."""
        return len(self._prompts) * self._size.of(SEEDS, 2)

    @property
    def about(self) -> str:
        """One sentence: what it draws, and how much of that training has seen."""
        seen = f"{self._seen or 'none'} of which a training picture has too"
        return f"Judged by {len(self._prompts)} held-out captions, {seen}, at {self._size.of(SEEDS, 2)} seeds each."

    @property
    def held_out_nearest(self) -> float:
        """Mean cosine of the held-out pictures with their nearest training pictures."""
        return float(nearest_similarity(self._target.held_out, self._target.learnt).mean())

    @property
    def held_out_strip(self) -> Strip:
        """The held-out pictures of the captions that strips show."""
        return self.strip([[opened(example.file, self._side) for example in self._shown]])

    def draw(self, base: Base, how: Drawing = Drawing()) -> Grid:
        """The held-out captions."""
        return draw(base, self._prompts, how, self._size)

    def score(self, grid: Grid, *names: str) -> Row:
        """Some of the scores, as a part of a row: of all pictures, and where it can be of each seed's by themselves."""
        every = asdict(score(grid, self._target, self._eyes)[0])
        seeds = scores_by_seed(grid, self._target, self._eyes)
        row: Row = {}
        for name in names:
            row[name] = every[name]
            if name in BY_SEED:
                row[by_seed(name)] = [scores[name] for scores in seeds]
        return row

    def strip(self, grid: Grid) -> Strip:
        """The first captions at the first seed."""
        return Strip([example.caption for example in self._shown], grid[0][:SHOWN])

    def scores(self, base: Base, *names: str, how: Drawing = Drawing()) -> tuple[Row, Strip]:
        """Those of the model as it is now, and some of what it draws."""
        grid = self.draw(base, how)
        return self.score(grid, *names), self.strip(grid)

    def before(self, *names: str) -> tuple[Row, Strip]:
        """Those of nano alone."""
        return self.scores(load_base("nano"), *names)


def draw(base: Base, prompts: Sequence[str], how: Drawing, size: Size) -> Grid:
    """One row a seed, one column a prompt; the seeds of a prompt in one batch."""
    seeds = range(FIRST_SEED, FIRST_SEED + size.of(SEEDS, 2))
    columns = [
        base.pipeline(
            [prompt] * len(seeds),
            negative_prompt=[how.negative] * len(seeds),
            num_inference_steps=size.of(how.steps, 2),
            guidance_scale=how.guidance_scale,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        ).images
        for prompt in tracked(prompts, "drawing")
    ]
    return [list(row) for row in zip(*columns, strict=True)]
