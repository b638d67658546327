"""What the experiments share: runs of the shipped recipes that can be changed, and a judge for what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from PIL import Image

from adapters.evaluation.backbones import Eyes, load_eyes
from adapters.evaluation.evaluate import FIRST_SEED, Scores, look, score
from adapters.evaluation.metrics import nearest_similarity
from adapters.evaluation.pictures import load_adapted
from adapters.manifest import PROMPT
from adapters.registry import SHIPPED, Registry
from adapters.terminal import tracked
from adapters.training.base import Base, load_base
from adapters.training.data import Example, read_examples
from adapters.training.loop import Run, prepare_run
from adapters.training.progress import progress_bar
from adapters.training.recipe import Samples, read_recipe

Row = dict[str, str | int | float]
SIDE = 64
"""Pixels of nano's pictures."""
CAPTIONS, SEEDS = 10, 4
"""Held-out captions, and pictures of each."""
NEVER = 1_000_000


@dataclass(frozen=True)
class Drawing:
    """How pictures are drawn; the defaults are those of the evaluation."""

    steps: int = 25
    guidance_scale: float = 7.0
    negative: str = ""


class Room:
    """One experiment's. ``scale`` shortens everything: steps of training, captions, seeds, steps of drawing."""

    def __init__(self, scale: float, work: Path) -> None:
        self.scale = scale
        self.eyes: Eyes = load_eyes("nano")
        self._work, self._runs = work, 0

    def scaled(self, number: float, least: int = 1) -> int:
        """So many of the full number."""
        return max(least, round(number * self.scale))

    def folder(self, name: str) -> Path:
        """A new empty one."""
        folder = self._work / name
        folder.mkdir()
        return folder

    def judge(self, style: str) -> Judge:
        """For the held-out captions of a shipped style, worded as the style words them."""
        adapter = Registry([SHIPPED]).get(style)
        data = adapter.folder / "dataset"
        tests = read_examples(data, "test")[: self.scaled(CAPTIONS, 2)]
        return Judge(self, tests, read_examples(data), adapter.manifest.frame)

    def adapted(self, style: str) -> Base:
        """Nano with a shipped adapter at the weight of its style."""
        adapter = Registry([SHIPPED]).get(style)
        manifest = adapter.manifest
        return load_adapted(adapter, manifest.base_model, manifest.style.weight if manifest.style else 1.0)

    def open(self, style: str, data: Path | None = None, **changes: dict[str, Any]) -> Run:
        """A run of a shipped recipe, tables of which are changed; nothing is sampled or saved on the way."""
        recipe = read_recipe(SHIPPED / style / "recipe.toml")
        changes["training"] = {"schedule": "constant", "checkpoint_every": NEVER} | changes.get("training", {})
        if kept := recipe.dreambooth:
            fewer = {
                "class_pictures": self.scaled(kept.class_pictures, 2),
                "class_steps": self.scaled(kept.class_steps, 2),
            }
            changes["dreambooth"] = fewer | changes.get("dreambooth", {})
        tables = {name: getattr(recipe, name).model_copy(update=change) for name, change in changes.items()}
        recipe = recipe.model_copy(update={**tables, "samples": Samples()})
        self._runs += 1
        work = self.folder(f"run-{self._runs}")
        return prepare_run(recipe, data or SHIPPED / style / "dataset", work / "adapters", work / "work")


class Judge:
    """Draws captions, and compares the pictures with those that were held out."""

    def __init__(self, room: Room, tests: Sequence[Example], training: Sequence[Example], frame: str) -> None:
        self._room, self._target = room, look(tests, training, room.eyes, SIDE)
        self.prompts = [frame.replace(PROMPT, example.caption) for example in tests]
        self.held_out_nearest = float(nearest_similarity(self._target.held_out, self._target.learnt).mean())
        """Mean cosine of the held-out pictures with their nearest training pictures."""

    @property
    def pictures(self) -> int:
        """How many are drawn for the scores of a model."""
        return len(self.prompts) * self._room.scaled(SEEDS, 2)

    def before(self) -> Scores:
        """Of nano alone."""
        return self.scores(load_base("nano"))

    def scores(self, base: Base, how: Drawing = Drawing()) -> Scores:
        """Of the model as it is now."""
        return score(draw(self._room, base, self.prompts, how), self._target, self._room.eyes)[0]


def draw(room: Room, base: Base, prompts: Sequence[str], how: Drawing) -> list[list[Image.Image]]:
    """One row a seed, one column a prompt; the seeds of a prompt in one batch."""
    seeds = range(FIRST_SEED, FIRST_SEED + room.scaled(SEEDS, 2))
    columns = [
        base.pipeline(
            [prompt] * len(seeds),
            negative_prompt=[how.negative] * len(seeds),
            num_inference_steps=room.scaled(how.steps, 2),
            guidance_scale=how.guidance_scale,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        ).images
        for prompt in tracked(prompts, "drawing")
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def advance(run: Run, steps: int) -> None:
    """Trains until so many steps are done."""
    run.steps = steps
    with progress_bar(len(run.losses), steps) as watch:
        run.go(watch, lambda: False)


def last_loss(run: Run) -> float:
    """The mean over the last tenth of the run."""
    return mean(run.losses[-max(1, len(run.losses) // 10) :])


def chosen(scores: Scores, *names: str) -> Row:
    """Some of the scores, as a part of a row."""
    values = asdict(scores)
    return {name: values[name] for name in names}
