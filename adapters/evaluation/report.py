"""An evaluation as one HTML page, which needs no other file, and as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from adapters.evaluation.evaluate import Evaluation
from adapters.training.output import sheet

ROWS = {
    "clip_score": ("CLIP score: picture and caption", "higher"),
    "reference_similarity": ("CLIP similarity to the held-out pictures", "higher"),
    "cmmd": ("CMMD to the held-out pictures", "lower"),
    "fid": ("Frechet distance to the held-out pictures", "lower"),
    "palette_uniformity": ("Palette uniformity", "higher"),
    "consistency": ("Consistency of a caption over seeds", "higher"),
    "nearest_training": ("Nearest training picture, cosine", "see below"),
}
SWATCHES = 12
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .3rem .8rem; border-bottom: 1px solid #ccc; text-align: left }
td:nth-child(n+2) { font-variant-numeric: tabular-nums } img { max-width: 100%; image-rendering: pixelated }
"""


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """All figures."""
    return {
        "adapter": evaluation.adapter.name,
        "sha256": evaluation.adapter.manifest.sha256,
        "base_model": evaluation.adapter.manifest.base_model,
        "backbone": evaluation.backbone,
        "captions": len(evaluation.captions),
        "seeds": len(evaluation.drawn[0]),
        "before": asdict(evaluation.before),
        "after": asdict(evaluation.after),
        "held_out_nearest": evaluation.held_out_nearest,
        **evaluation.ratios,
        "verdict": evaluation.verdict,
    }


def write_json(evaluation: Evaluation, file: Path) -> None:
    """The figures as JSON."""
    file.write_text(json.dumps(as_json(evaluation), indent=2) + "\n", encoding="utf-8")


def write_page(evaluation: Evaluation, file: Path) -> None:
    """The page."""
    manifest = evaluation.adapter.manifest
    before, after = evaluation.drawn
    names = (("Held-out pictures", [evaluation.references]), ("Before", before), ("After", after))
    parts = [
        f"<h1>{escape(manifest.title)}</h1>",
        f"<p><strong>{escape(evaluation.verdict)}</strong></p>",
        f"<p>Adapter <code>{escape(manifest.name)}</code> ({manifest.kind}) on {escape(manifest.base_model)}. "
        f"{len(evaluation.captions)} held-out captions, {len(before)} seeds each. "
        f"All features, also those of the Frechet distance: {escape(evaluation.backbone)}.</p>",
        table(evaluation),
        f"<p>Over-fitting: the held-out pictures' own nearest training pictures have a mean cosine of "
        f"{evaluation.held_out_nearest:.3f}; drawn pictures above that repeat what was learnt.</p>",
        f"<p>Captions, from left to right: {escape('; '.join(evaluation.captions))}.</p>",
        *(f"<h2>{name}</h2>{image(sheet(grid))}<p>{image(swatches(grid))}</p>" for name, grid in names),
    ]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(manifest.title)}</title>'
    file.write_text(f"{head}<style>{STYLE}</style>{''.join(parts)}</html>\n", encoding="utf-8")


def table(evaluation: Evaluation) -> str:
    """Every score before and after."""
    before, after = asdict(evaluation.before), asdict(evaluation.after)
    lines = [
        f"<tr><td>{title}</td><td>{before[name]:.3f}</td><td>{after[name]:.3f}</td>"
        f"<td>{evaluation.ratio(name):.2f}</td><td>{better}</td></tr>"
        for name, (title, better) in ROWS.items()
    ]
    head = "<tr><th></th><th>before</th><th>after</th><th>ratio</th><th>better</th></tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def swatches(grid: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """The commonest colours of all pictures, each as wide as it is common."""
    pictures = [np.asarray(picture.convert("RGB")) for row in grid for picture in row]
    colours = Image.fromarray(np.concatenate(pictures)).quantize(SWATCHES)
    numbers = np.sort(np.asarray(colours).ravel())
    strip = Image.fromarray(numbers[None, np.linspace(0, numbers.size - 1, 600).astype(int)])
    palette = colours.getpalette()
    assert palette is not None
    strip.putpalette(palette)
    return strip.convert("RGB").resize((600, 24), Image.Resampling.NEAREST)


def image(picture: Image.Image) -> str:
    """The picture within the page."""
    buffer = BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
