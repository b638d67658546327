"""The loop that all stages share: learning rate, moving average, progress, checkpoints, exact resuming."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.files import whole_file

LOG_EVERY = 50
SAVE_EVERY = 250
AVERAGE_EVERY = 5


@dataclass(frozen=True)
class Plan:
    """How long and how fast to learn. ``decay`` is the last share of ``steps``, over which ``rate`` falls to 0."""

    name: str
    steps: int
    rate: float
    decay: float = 0.2
    warm_up: int = 100

    def rate_at(self, step: int) -> float:
        """Linear warm-up, a long stable phase (the same for every ``steps``, so it can be prolonged), linear decay."""
        falling = (self.steps - step) / (self.decay * self.steps)
        return self.rate * min(1.0, (step + 1) / self.warm_up, falling)


class StageMissingError(RuntimeError):
    """An earlier stage has not been trained; the message says which command does it."""


def load_average(run: Path, name: str) -> dict[str, torch.Tensor]:
    """The moving average of the weights that the stage ``name`` left under ``run``, by parameter name."""
    path = run / f"{name}.pt"
    if not path.exists():
        raise StageMissingError(
            f"{path} is not there: train that stage first with `sanggar nano train --stage {name} --run {run}`"
        )
    average: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["average"]
    return average


class Trainee:
    """A module, its optimizer and the moving average of its weights; knows its way to disk and back."""

    def __init__(self, module: torch.nn.Module, folder: Path, plan: Plan) -> None:
        self.module, self.plan = module, plan
        self.path = folder / f"{plan.name}.pt"
        parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(parameters, lr=plan.rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
        self.average = {key: value.detach().clone() for key, value in module.state_dict().items()}
        self.step = 0

    def load(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if self.path.exists():
            saved = torch.load(self.path, weights_only=True)
            self.module.load_state_dict(saved["module"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average, self.step = saved["average"], saved["step"]

    def save(self) -> None:
        """Write a checkpoint; a kill while writing leaves the one before."""
        state = {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
        }
        with whole_file(self.path) as fresh:
            torch.save(state, fresh)

    def learn(self, loss: torch.Tensor) -> None:
        """One optimizer step on ``loss``."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate_at(self.step)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if self.step % AVERAGE_EVERY:
            return
        decay = min(0.99, self.step / (self.step + 9 * AVERAGE_EVERY))
        with torch.no_grad():
            for key, value in self.module.state_dict().items():
                if value.is_floating_point():
                    self.average[key].lerp_(value, 1 - decay)


def train(trainee: Trainee, loss_at: Callable[[int], torch.Tensor], save_every: int = SAVE_EVERY) -> None:
    """Step from where ``trainee`` stands to the plan's end. ``loss_at(step)`` must depend on nothing but ``step``."""
    plan = trainee.plan
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}  {task.fields[speed]:.2f} s a step"),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress, trainee.path.with_suffix(".csv").open("a") as log:
        task = progress.add_task(plan.name, total=plan.steps, completed=trainee.step, loss=0.0, speed=0.0)
        mean, began = 0.0, time.monotonic()
        first = trainee.step
        while trainee.step < plan.steps:
            loss = loss_at(trainee.step)
            trainee.learn(loss)
            done = trainee.step - first
            mean += (loss.item() - mean) / min(done, LOG_EVERY)
            speed = (time.monotonic() - began) / done
            progress.update(task, completed=trainee.step, loss=mean, speed=speed)
            if trainee.step % LOG_EVERY == 0:
                log.write(f"{trainee.step},{mean:.5f},{speed:.3f}\n")
                log.flush()
            if trainee.step % save_every == 0:
                trainee.save()
    trainee.save()
