"""What a person sees of a run: a bar with loss, speed, time left and memory; and how Ctrl-C is heard."""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

Watch = Callable[[int, float], None]
"""Is told the number (from 0) and the loss of every finished step."""
Stop = Callable[[], bool]
"""Whether the run should end after this step."""
SMOOTHING = 0.95


class Speed(TextColumn):
    """Steps a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.2f} steps/s" if task.speed else "")


@contextmanager
def progress_bar(done: int, steps: int) -> Iterator[Watch]:
    """A bar on the terminal from step ``done`` to ``steps``; the loss is a running mean, for single ones jump."""
    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        Speed(""),
        TimeRemainingColumn(),
        TextColumn("{task.fields[memory]:.1f} GB"),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("", total=steps, completed=done, loss="", memory=memory_used())
        mean: float | None = None

        def watch(number: int, loss: float) -> None:
            nonlocal mean
            mean = loss if mean is None else SMOOTHING * mean + (1 - SMOOTHING) * loss
            progress.update(task, completed=number + 1, loss=f"loss {mean:.4f}", memory=memory_used())

        yield watch


def memory_used() -> float:
    """Peak gigabytes: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """Ctrl-C and SIGTERM are remembered instead of raised; a second one ends the program at once."""
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard = True
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
