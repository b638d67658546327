"""LoRA training of nano against a bare loop over the same model calls, in turns of some steps in one process.

``python benchmarks/training.py [--steps 300] [--turn 30] [--json FILE]``

Ours is a whole run as ``sanggar train`` makes it: batches, noise, loss, clipping, learning rate, checkpoints, progress
bar. The bare loop has the noisy latents, the embeddings and the targets ready in memory, and does nothing but forward,
mean squared error, backward and the optimizer's step, on a U-Net of its own with the same matrices.
``lora_overhead_ratio`` is our time over its; the target is at most 1.1. ``lora_overhead_cpu_ratio`` is the same of the
processor's time, which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from adapters.registry import SHIPPED
from adapters.training.data import batches
from adapters.training.loop import Run, prepare_run
from adapters.training.loss import diffusion_loss
from adapters.training.progress import Watch, progress_bar
from adapters.training.recipe import Samples, data_folder, read_recipe
from adapters.training.trainer import Inputs

RECIPE = SHIPPED / "kancil" / "recipe.toml"
TARGET = 1.1


@dataclass
class Bare:
    """The bare loop. ``run`` only lends it a U-Net with LoRA, an optimizer and the inputs."""

    run: Run
    losses: list[float]

    def prepare(self, first: int, count: int) -> list[Inputs]:
        """The inputs of steps ``first`` to ``first + count``, the same as the trainer's."""
        how, trainer = self.run.recipe.training, self.run.trainer
        numbers = batches(trainer.pictures, how.batch_size, how.seed, first)
        return [trainer.inputs(batch, first + index) for index, batch in enumerate(islice(numbers, count))]

    def warm(self, unet: Any, one: Inputs) -> None:
        """A forward and backward pass that leaves nothing behind: the first ones set libraries up."""
        torch.autograd.backward(unet(one.noisy, one.timesteps, one.embeddings).sample.sum())
        unet.zero_grad(set_to_none=True)

    def go(self, inputs: list[Inputs]) -> None:
        """Nothing but the model calls and the optimizer."""
        unet, optimizer = self.run.base.unet, self.run.trainer.optimizer
        for one in inputs:
            predicted = unet(one.noisy, one.timesteps, one.embeddings).sample
            loss = diffusion_loss(predicted, one.wanted, one.weights)
            torch.autograd.backward(loss)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            self.losses.append(loss.item())


def open_nano(folder: Path) -> Run:
    """The shipped LoRA recipe without its samples, whose drawing is no training."""
    recipe = read_recipe(RECIPE)
    recipe = recipe.model_copy(update={"samples": Samples()})
    return prepare_run(recipe, data_folder(recipe, RECIPE), folder / "adapters", folder / "work")


@dataclass
class Times:
    """Seconds of every turn, by the clock and of the processor."""

    wall: list[float]
    processor: list[float]

    def measure(self, do: Any, *arguments: Any) -> None:
        """Runs it and adds its times."""
        wall, processor = time.perf_counter(), time.process_time()
        do(*arguments)
        self.wall.append(time.perf_counter() - wall)
        self.processor.append(time.process_time() - processor)


def take_turns(ours: Run, bare: Bare, steps: int, turn: int, watch: Watch) -> tuple[Times, Times]:
    """The times of both sides; who goes first alternates."""
    mine, theirs = Times([], []), Times([], [])
    for side in (ours, bare.run):
        bare.warm(side.base.unet, bare.prepare(0, 1)[0])
    for first in range(0, steps, turn):
        count = min(turn, steps - first)
        inputs = bare.prepare(first, count)
        ours.steps = first + count
        if first // turn % 2:
            theirs.measure(bare.go, inputs)
        mine.measure(ours.go, watch, lambda: False)
        if not first // turn % 2:
            theirs.measure(bare.go, inputs)
    return mine, theirs


def measure(steps: int, turn: int) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        ours, lent = (open_nano(Path(name) / side) for side in ("ours", "bare"))
        bare = Bare(lent, [])
        with progress_bar(0, steps) as watch:
            mine, theirs = take_turns(ours, bare, steps, turn, watch)
    assert abs(ours.losses[0] - bare.losses[0]) < 1e-5 * ours.losses[0], "the two loops see different inputs"
    return {
        "lora_overhead_ratio": sum(mine.wall) / sum(theirs.wall),
        "lora_overhead_cpu_ratio": sum(mine.processor) / sum(theirs.processor),
        "steps": steps,
        "batch_size": ours.recipe.training.batch_size,
        "ours_seconds": mine.wall,
        "bare_seconds": theirs.wall,
        "ours_processor_seconds": mine.processor,
        "bare_processor_seconds": theirs.processor,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.processor() or platform.machine(),
    }


def main() -> None:
    """Measure, say the ratio, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300, help="optimizer steps on each side")
    parser.add_argument("--turn", type=int, default=30, help="steps of one turn")
    parser.add_argument("--json", type=Path, help="write the ratio and the raw times to this file")
    options = parser.parse_args()
    figures = measure(options.steps, options.turn)
    ours, bare = (sum(figures[f"{side}_seconds"]) / figures["steps"] for side in ("ours", "bare"))
    Console().print(
        f"lora_overhead_ratio {figures['lora_overhead_ratio']:.3f} (target: at most {TARGET}; of the processor's time "
        f"{figures['lora_overhead_cpu_ratio']:.3f}); "
        f"a step takes {ours:.3f} s, of the bare loop {bare:.3f} s"
    )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
