"""An evaluation as JSON, as one HTML page which needs no other file, and as Markdown with its pictures beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

from adapters.evaluation.charts import change_plot, nearest_plot, palette_plot
from adapters.evaluation.evaluate import Evaluation
from adapters.evaluation.grid import comparison
from adapters.reports.pages import image, page, table
from adapters.reports.pictures import webp

ROWS = {
    "clip_score": ("CLIP score: picture and caption", "higher"),
    "reference_similarity": ("CLIP similarity to the held-out pictures", "higher"),
    "cmmd": ("CMMD to the held-out pictures", "lower"),
    "fid": ("Frechet distance to the held-out pictures", "lower"),
    "palette_uniformity": ("Palette uniformity", "higher"),
    "consistency": ("Consistency of a caption over seeds", "higher"),
    "nearest_training": ("Nearest training picture, cosine", "see below"),
}
CHANGES = "The change of each score, in units of its spread over the seeds"
SEEDS_SHOWN = 2
"""In Markdown; the page shows all."""


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """All figures."""
    return {
        "adapter": evaluation.adapter.name,
        "sha256": evaluation.adapter.manifest.sha256,
        "base_model": evaluation.adapter.manifest.base_model,
        "weight": evaluation.weight,
        "backbone": evaluation.backbone,
        "fid_backbone": evaluation.fid_backbone,
        "cmmd_estimate": "unbiased" if evaluation.unbiased else "biased",
        "captions": len(evaluation.captions),
        "seen_captions": evaluation.seen_captions,
        "seeds": len(evaluation.drawn[0]),
        "before": asdict(evaluation.before),
        "after": asdict(evaluation.after),
        "held_out": evaluation.held_out,
        "changes": {name: asdict(change) for name, change in evaluation.changes.items()},
        "verdict": evaluation.verdict,
    }


def write_json(evaluation: Evaluation, file: Path) -> None:
    """The figures as JSON."""
    file.write_text(json.dumps(as_json(evaluation), indent=2) + "\n", encoding="utf-8")


def write_page(evaluation: Evaluation, file: Path) -> None:
    """The page."""
    parts = [
        f"<p><strong>{escape(evaluation.verdict)}</strong></p>",
        *(f"<p>{escape(text)}</p>" for text in (method(evaluation),)),
        table(scores(evaluation)),
        image(change_plot(evaluation, ROWS), CHANGES),
        "<h2>Side by side</h2>",
        image(comparison(evaluation, len(evaluation.drawn[0])), "Pictures before and after at equal seeds"),
        "<h2>Palettes</h2>",
        image(palette_plot(evaluation), "Histograms of the commonest colours"),
        f"<h2>Over-fitting</h2><p>{escape(over_fitting(evaluation))}</p>",
        image(nearest_plot(evaluation), "Histograms of the similarity to the nearest training picture"),
    ]
    file.write_text(page(evaluation.adapter.manifest, parts), encoding="utf-8")


def write_markdown(evaluation: Evaluation, folder: Path) -> None:
    """``NAME.md`` and its pictures ``NAME-....webp``."""
    name, manifest = evaluation.adapter.name, evaluation.adapter.manifest
    pictures = {
        "side-by-side": ("Pictures before and after at equal seeds", comparison(evaluation, SEEDS_SHOWN)),
        "changes": (CHANGES, change_plot(evaluation, ROWS)),
        "palette": ("Histograms of the commonest colours", palette_plot(evaluation)),
        "nearest": ("Similarity to the nearest training picture", nearest_plot(evaluation)),
    }
    shown = {}
    for key, (text, picture) in pictures.items():
        shown[key] = f"![{text}]({name}-{key}.webp)" if picture else ""
        if picture:
            (folder / f"{name}-{key}.webp").write_bytes(webp(picture))
    paragraphs = [
        f"# {manifest.title}",
        f"{manifest.description}",
        f"**{evaluation.verdict}**",
        shown["side-by-side"],
        method(evaluation),
        markdown_table(scores(evaluation)),
        shown["changes"],
        "## Palettes",
        shown["palette"],
        "## Over-fitting",
        over_fitting(evaluation),
        shown["nearest"],
    ]
    (folder / f"{name}.md").write_text("\n\n".join(filter(None, paragraphs)) + "\n", encoding="utf-8")


def scores(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """The table of scores, with its headings."""
    before, after, own = asdict(evaluation.before), asdict(evaluation.after), evaluation.held_out
    lines = [
        (
            title,
            f"{before[name]:.3f}",
            f"{after[name]:.3f}",
            str(evaluation.changes[name]) if name in evaluation.changes else f"{after[name] - before[name]:+.3f}",
            better,
            f"{own[name]:.3f}" if name in own else "",
        )
        for name, (title, better) in ROWS.items()
    ]
    return [("", "before", "after", "change", "better", "held out"), *lines]


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """The rows, the first of them the headings."""
    head, *rest = ("| " + " | ".join(line) + " |" for line in lines)
    return "\n".join([head, "|---" * len(lines[0]) + "|", *rest])


def method(evaluation: Evaluation) -> str:
    """What was drawn, with which eyes it was looked at, and what the columns mean."""
    seeds, estimate = len(evaluation.drawn[0]), "unbiased" if evaluation.unbiased else "biased"
    return (
        f"{len(evaluation.captions)} held-out captions ({seen(evaluation)}), {seeds} seeds each, drawn by the base "
        f"model (before) and with the adapter at weight {evaluation.weight:g} (after), with equal prompts and seeds. "
        f"Features: {evaluation.backbone}; of the Frechet distance: {evaluation.fid_backbone}. CMMD is the {estimate} "
        "estimate. A change is the mean over the seeds of after minus before, with the standard deviation of the "
        "seeds' own changes; what is not more than twice that may be chance. Before and after are of all pictures "
        "together, so a distance differs a little from the mean over the seeds. The last column is how far one comes "
        "who draws just like the held-out pictures: their own scores, and the distances of the training pictures to "
        "them."
    )


def seen(evaluation: Evaluation) -> str:
    """Whether training has seen the held-out captions."""
    if not evaluation.seen_captions:
        return "none of them is the caption of a training picture"
    return f"{evaluation.seen_captions} of them are captions of training pictures too, which flatters the adapter"


def over_fitting(evaluation: Evaluation) -> str:
    """What the distance to the nearest training picture says."""
    own, drawn = evaluation.held_out["nearest_training"], evaluation.after.nearest_training
    return (
        f"The held-out pictures' own nearest training pictures have a mean cosine of "
        f"{own:.3f}; of the drawn ones it is {drawn:.3f}. "
        f"Drawn pictures that are nearer than the held-out ones repeat what was learnt."
    )
