"""What an evaluation measured, as plots."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from adapters.evaluation.evaluate import Change, Evaluation, palettes
from adapters.evaluation.metrics import PALETTE_BINS
from adapters.reports.plots import plot

COLOURS = 24
"""How many of the commonest colours are shown."""
SETS = ("held out", "before", "after")
SIGNS = {"higher": 1, "lower": -1}
SHADES = ("0.5", "tab:orange", "tab:green")


def change_plot(evaluation: Evaluation, rows: dict[str, tuple[str, str]]) -> Image.Image | None:
    """The change of every score, in units of its spread over the seeds; within two of them it may be chance.

    rows: the title of each score, and what is better: ``higher``, ``lower`` or neither.
    """

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        shown = {name: change for name, change in evaluation.changes.items() if change.spread > 0}
        sizes = [change.mean / change.spread for change in shown.values()]
        shades = [_shade(change, rows[name][1]) for name, change in shown.items()]
        axes.barh([rows[name][0] for name in shown], sizes, color=shades)
        axes.secondary_yaxis("right").set_yticks(range(len(shown)), [str(change) for change in shown.values()])
        axes.axvspan(-2, 2, color="0.93", zorder=0)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.invert_yaxis()
        axes.set(xlabel="(after - before) / spread over the seeds; green is better, red is worse, grey may be chance")

    return plot(paint, 8, 3.2)


def _shade(change: Change, better: str) -> str:
    """Green or red where the change is clearly for the better or the worse, blue where it is clearly neither."""
    if not change.is_clear:
        return "0.7"
    if better not in SIGNS:
        return "tab:blue"
    return "tab:green" if change.mean * SIGNS[better] > 0 else "tab:red"


def palette_plot(evaluation: Evaluation) -> Image.Image | None:
    """How common each of the commonest colours is in the held-out pictures, before and after."""
    shares = [histograms.mean(axis=0) for histograms in palettes(evaluation)]
    commonest = np.argsort(-sum(shares))[:COLOURS]
    by_hue = sorted(commonest, key=lambda number: shares[0][number] - shares[1][number])
    paints = [_colour(number) for number in by_hue]

    def paint(figure: Any) -> None:
        for axes, name, share in zip(figure.subplots(1, 3, sharey=True), SETS, shares, strict=True):
            axes.bar(range(COLOURS), share[by_hue], color=paints, edgecolor="0.8", linewidth=0.4)
            axes.set(title=name, xticks=[])
        figure.supylabel("share of the pixels")

    return plot(paint, 8, 2.6)


def _colour(number: int) -> tuple[float, ...]:
    """The middle of a bin of ``metrics.palette``, as RGB from 0 to 1."""
    digits = (number // PALETTE_BINS**2, number // PALETTE_BINS % PALETTE_BINS, number % PALETTE_BINS)
    return tuple((digit + 0.5) / PALETTE_BINS for digit in digits)


def nearest_plot(evaluation: Evaluation) -> Image.Image | None:
    """How near the pictures of each set are to a training picture; copies would pile up at 1."""

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        edges = np.linspace(min(float(values.min()) for values in evaluation.nearest), 1, 25)
        for name, shade, values in zip(SETS, SHADES, evaluation.nearest, strict=True):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(
                values.clip(max=1), edges, weights=weights, histtype="step", linewidth=1.8, color=shade, label=name
            )
        axes.set(xlabel="cosine with the nearest training picture", ylabel="share of the pictures")
        axes.legend()

    return plot(paint, 8, 2.6)
