"""A training run from its recipe to the adapter's folder."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from adapters.manifest import AdapterError
from adapters.publishing.names import check_command, check_name
from adapters.registry import Adapter
from adapters.training.base import Base, load_base
from adapters.training.checkpoint import CHECKPOINT, load_checkpoint, save_checkpoint
from adapters.training.data import encode_examples, read_examples
from adapters.training.dreambooth import DreamboothMethod
from adapters.training.lora import LoraMethod
from adapters.training.method import Method
from adapters.training.optimizer import check_optimizer
from adapters.training.output import check_free, losses_table, sheet, write_adapter, write_plot
from adapters.training.progress import Stop, Watch
from adapters.training.prompts import changed_since, enlarged, prompted, prompts_by_file, with_triggers
from adapters.training.recipe import Recipe, data_folder, read_recipe
from adapters.training.report import SAMPLES, write_report
from adapters.training.trainer import Trainer
from engine.files import make_own, remove_own

TOO_LARGE = (
    "the GPU has too little memory for this run: lower training.batch_size and raise training.gradient_accumulation; "
    'or set training.gradient_checkpointing = true, training.precision = "fp16", training.optimizer = "adamw-8bit"'
)


class Stopped(AdapterError):
    """The run was asked to end; its state is saved."""


@dataclass
class Run:
    """A run that can go on.

    losses: one for each finished step. prompts: what is trained on, by file. remarks: what its owner should know.
    """

    recipe: Recipe
    work: Path
    base: Base
    method: Method
    trainer: Trainer
    steps: int
    losses: list[float] = field(default_factory=list)
    prompts: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def go(self, watch: Watch, stop: Stop) -> None:
        """Trains to the last step. Raises Stopped once the state is saved, AdapterError where the loss is no number."""
        if not self.losses:
            self.draw_samples()
        with losses_table(self.work, self.losses) as note:
            while len(self.losses) < self.steps:
                number = len(self.losses)
                loss = self._step(number)
                self.losses.append(loss)
                note(number, loss)
                watch(number, loss)
                self._after(stop())

    def _step(self, number: int) -> float:
        """The loss of one optimizer step."""
        try:
            loss = self.trainer.step(number)
        except torch.OutOfMemoryError:
            raise AdapterError(TOO_LARGE) from None
        if not math.isfinite(loss):
            raise AdapterError(f"step {number}: the loss is {loss}; lower the learning rate")
        return loss

    def _after(self, stopping: bool) -> None:
        done = len(self.losses)
        if stopping or done % self.recipe.training.checkpoint_every == 0:
            self.save()
        if stopping:
            raise Stopped(f"stopped after step {done} of {self.steps}; go on with --resume")
        if done % self.recipe.samples.every == 0 or done == self.steps:
            self.draw_samples()

    def draw_samples(self) -> None:
        """A strip of the fixed prompts with the trigger words, if there are any, at the fixed seed."""
        how = self.recipe.samples
        if not how.prompts:
            return
        words, tokenizer = self.recipe.adapter.trigger_words, self.base.pipeline.tokenizer
        prompts = [with_triggers(prompt, words, tokenizer).text for prompt in how.prompts]
        pictures = self.base.draw(prompts, how.seed, how.steps, how.guidance_scale)
        folder = self.work / SAMPLES
        folder.mkdir(exist_ok=True)
        sheet([pictures]).save(folder / f"step-{len(self.losses):06}.png")

    def save(self) -> None:
        """Writes the checkpoint."""
        state = {
            "losses": self.losses,
            "prompts": self.prompts,
            "weights": {name: parameter.detach() for name, parameter in self.method.parameters().items()},
            "optimizer": self.trainer.optimizer.state_dict(),
            "scaler": self.trainer.scaler.state_dict(),
        }
        save_checkpoint(self.work, self.recipe, state)

    def finish(self, into: Path) -> Adapter:
        """Writes the adapter, its report and the plot of its losses; the checkpoint has done its work."""
        adapter = write_adapter(self.recipe, self.base, self.method, into)
        write_plot(self.losses, self.work)
        write_report(adapter, self.recipe, self.losses, self.trainer.pictures, self.work / SAMPLES)
        (self.work / CHECKPOINT).unlink(missing_ok=True)
        return adapter


def open_run(
    file: Path, into: Path, work: Path, *, resume: bool = False, replace: bool = False, take_command: bool = False
) -> Run:
    """The run of the recipe in ``file``, new or from the checkpoint in ``work`` / the adapter's name.

    take_command: the recipe may name a command that another adapter draws.
    """
    recipe = read_recipe(file)
    about = recipe.adapter
    check_name(about.name, into)
    if about.style and not take_command:
        check_command(about.name, about.style.command, recipe.base_model, into)
    return prepare_run(recipe, data_folder(recipe, file), into, work, resume=resume, replace=replace)


def prepare_run(
    recipe: Recipe, pictures: Path, into: Path, work: Path, *, resume: bool = False, replace: bool = False
) -> Run:
    """The run of a recipe over the data set in ``pictures``."""
    check_free(into, recipe.adapter.name, replace)
    check_optimizer(recipe.training)
    work = work / recipe.adapter.name
    data, seed = recipe.data, recipe.training.seed
    examples = read_examples(pictures)[: data.limit]
    base = load_base(recipe.base_model, recipe.training.precision)
    resolution = data.resolution or base.native
    recipe = recipe.model_copy(update={"data": data.model_copy(update={"resolution": resolution})})
    examples, remarks = prompted(examples, recipe.adapter.trigger_words, base.pipeline.tokenizer)
    remarks += enlarged(examples, resolution)
    if not resume:
        start_anew(work)
    state = load_checkpoint(work, recipe, base.device) if resume else None
    losses: list[float] = state["losses"] if state else []
    latents = encode_examples(base, examples, resolution, data.augmentation, seed)
    method = make_method(recipe, base, work)
    steps = recipe.steps(len(examples))
    trainer = Trainer(base, method, latents, recipe.training, steps=steps, start=len(losses))
    if state:
        restore(method, trainer, state)
        remarks += changed_since(state.get("prompts"), examples)
    return Run(recipe, work, base, method, trainer, steps, losses, prompts_by_file(examples), remarks)


def start_anew(work: Path) -> None:
    """An empty folder. Raises AdapterError if an unfinished run would be lost, NotOurs if other files are in it."""
    if (work / CHECKPOINT).exists():
        raise AdapterError(f"{work / CHECKPOINT}: an unfinished run; go on with --resume, or delete {work}")
    remove_own(work)
    make_own(work)


def make_method(recipe: Recipe, base: Base, work: Path) -> Method:
    """The recipe's method on this base."""
    seed = recipe.training.seed
    if recipe.lora:
        return LoraMethod(base, recipe.lora, seed)
    assert recipe.dreambooth is not None
    return DreamboothMethod(base, recipe.dreambooth, work / "class", seed)


def restore(method: Method, trainer: Trainer, state: dict[str, Any]) -> None:
    """Puts a checkpoint's weights and optimizer in place."""
    weights: dict[str, torch.Tensor] = state["weights"]
    with torch.no_grad():
        for name, parameter in method.parameters().items():
            parameter.copy_(weights[name])
    trainer.optimizer.load_state_dict(state["optimizer"])
    trainer.scaler.load_state_dict(state["scaler"])
