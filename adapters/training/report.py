"""How an adapter was trained, as a page in its folder: the recipe, the losses, samples from along the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from statistics import mean

from PIL import Image

from adapters.registry import Adapter
from adapters.reports.pages import image, page, table
from adapters.reports.plots import loss_plot
from adapters.training.recipe import Recipe

REPORT = "report.html"
SAMPLES = "samples"
"""Folder of a run's strips of samples, ``step-NNNNNN.png``."""


def write_report(adapter: Adapter, recipe: Recipe, losses: Sequence[float], pictures: int, samples: Path) -> None:
    """Writes ``report.html`` beside the weights."""
    how, manifest = recipe.training, adapter.manifest
    tenth = max(1, len(losses) // 10)
    facts = [
        ("", ""),
        ("trained on", f"{pictures} pictures of {recipe.data.resolution}x{recipe.data.resolution}"),
        ("optimizer steps", f"{len(losses)}, batches of {how.batch_size} x {how.gradient_accumulation}"),
        ("mean loss", f"{mean(losses[:tenth]):.4f} in the first tenth, {mean(losses[-tenth:]):.4f} in the last"),
        ("predicts", manifest.prediction_type),
        ("SHA-256 of the weights", manifest.sha256),
    ]
    parts = [
        table(facts),
        image(loss_plot(losses), "The loss of every step"),
        *strips(recipe, samples),
        f"<h2>Recipe</h2><pre>{escape(json.dumps(recipe.as_written(), indent=2, ensure_ascii=False))}</pre>",
    ]
    (adapter.folder / REPORT).write_text(page(manifest, parts), encoding="utf-8")


def strips(recipe: Recipe, folder: Path) -> list[str]:
    """The samples, in order of the steps after which they were drawn."""
    files = sorted(folder.glob("step-*.png"))
    if not files:
        return []
    how = recipe.samples
    words = recipe.adapter.trigger_words
    prompts = escape("; ".join(", ".join((prompt, *words)) for prompt in how.prompts))
    parts = [f"<h2>Samples</h2><p>Seed {how.seed}, guidance scale {how.guidance_scale:g}: {prompts}.</p>"]
    for file in files:
        steps = int(file.stem.removeprefix("step-"))
        with Image.open(file) as strip:
            parts.append(f"<h3>After {steps} steps</h3>{image(strip, f'Samples after {steps} steps')}")
    return parts
