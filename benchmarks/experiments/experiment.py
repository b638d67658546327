"""What the experiments share: their rows, a judge, the shipped adapters, and trainings that go on after a stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from adapters.evaluation.backbones import FeatureExtractors, load_eyes
from adapters.evaluation.pictures import load_adapted
from adapters.registry import SHIPPED, Registry
from adapters.training.base import Base
from adapters.training.checkpoint import CHECKPOINT
from adapters.training.data import read_examples
from adapters.training.loop import Run, prepare_run
from adapters.training.progress import progress_bar
from adapters.training.recipe import Recipe, Samples, read_recipe
from benchmarks.experiments.judging import Judge, Size
from benchmarks.experiments.record import Record

CHECKPOINTS = 100
"""Optimizer steps from one to the next."""


class Experiment:
    """What one experiment works with: its record, its scale, its folder."""

    def __init__(self, record: Record, size: Size, work: Path) -> None:
        self.record, self.size = record, size
        self.eyes: FeatureExtractors = load_eyes("nano")
        self._work = work

    def judge(self, style: str) -> Judge:
        """For the held-out captions of a shipped style; the record says which they are."""
        judge = Judge(style, self.eyes, self.size)
        self.record.judged = judge.about
        return judge

    def adapted(self, style: str) -> Base:
        """Nano with a shipped adapter at the weight of its style."""
        adapter = Registry([SHIPPED]).get(style)
        manifest = adapter.manifest
        return load_adapted(adapter, manifest.base_model, manifest.style.weight if manifest.style else 1.0)

    def folder(self, name: str) -> Path:
        """One of the experiment's own."""
        folder = self._work / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def training(self, style: str, name: str, data: Path | None = None, **changes: dict[str, Any]) -> Training:
        """A run of a shipped recipe, tables of which are changed, at a constant learning rate and without samples."""
        recipe = read_recipe(SHIPPED / style / "recipe.toml")
        changes["training"] = {"schedule": "constant", "checkpoint_every": CHECKPOINTS} | changes.get("training", {})
        if kept := recipe.dreambooth:
            fewer = {
                "class_pictures": self.size.of(kept.class_pictures, 2),
                "class_steps": self.size.of(kept.class_steps, 2),
            }
            changes["dreambooth"] = fewer | changes.get("dreambooth", {})
        tables = {name: getattr(recipe, name).model_copy(update=change) for name, change in changes.items()}
        recipe = recipe.model_copy(update={**tables, "samples": Samples()})
        return Training(recipe, data or SHIPPED / style / "dataset", self.folder(name))


@dataclass
class Training:
    """A run that is opened when it is first needed, from its last checkpoint where there is one."""

    recipe: Recipe
    data: Path
    folder: Path
    _run: Run | None = field(default=None, init=False)

    @property
    def pictures(self) -> int:
        """How many there are to train on."""
        return len(read_examples(self.data))

    def after(self, steps: int) -> Run:
        """The run once so many steps are done; it is saved there, to be judged and gone on with."""
        run = self._run = self._run or self._open()
        run.steps = steps
        if len(run.losses) < steps:
            with progress_bar(len(run.losses), steps) as watch:
                run.go(watch, lambda: False)
            run.save()
        return run

    def _open(self) -> Run:
        resume = (self.folder / self.recipe.adapter.name / CHECKPOINT).exists()
        return prepare_run(self.recipe, self.data, self.folder / "adapters", self.folder, resume=resume)


def last_loss(run: Run) -> float:
    """The mean over the last tenth of the run."""
    return mean(run.losses[-max(1, len(run.losses) // 10) :])
