"""Plots as pictures. They need matplotlib, which the extra ``training`` installs; without it there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from PIL import Image

DOTS = 110
"""A matplotlib inch, in pixels."""


def plot(paint: Callable[[Any], None], width: float, height: float) -> Image.Image | None:
    """What ``paint`` puts on a figure of that size in inches; None where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return None
    figure = Figure(figsize=(width, height), layout="constrained")
    paint(figure)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=DOTS)
    return Image.open(buffer).convert("RGB")


def loss_plot(losses: Sequence[float]) -> Image.Image | None:
    """The loss of every step and its running mean over a fiftieth of the run."""
    window = max(1, len(losses) // 50)
    means = [sum(losses[max(0, end - window) : end]) / min(window, end) for end in range(1, len(losses) + 1)]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot(losses, color="0.8", linewidth=0.8, label="loss")
        axes.plot(means, color="tab:green", label=f"mean of {window} steps")
        axes.set(xlabel="optimizer step", ylabel="loss", ylim=(0, None))
        axes.legend()

    return plot(paint, 7, 4)
