"""What can be said of an adapter by its manifest alone. Imports no torch."""

from __future__ import annotations

from adapters.manifest import Manifest, model_name
from adapters.registry import Adapter
from engine.plan import ModelFacts
from engine.protocol import AdapterInfo, StyleInfo


def misfit(manifest: Manifest, facts: ModelFacts) -> str:
    """Why the adapter does not fit the loaded model; empty where it does."""
    if model_name(manifest.base_model) != model_name(facts.name):
        return f"it was made for {manifest.base_model!r}, and {facts.name!r} is loaded"
    if manifest.prediction_type != facts.prediction_type:
        return f"it was trained for {manifest.prediction_type}, and the loaded model predicts {facts.prediction_type}"
    return ""


def describe(adapter: Adapter, reason: str) -> AdapterInfo:
    """The adapter as ``GET /v1/adapters`` lists it."""
    manifest = adapter.manifest
    fields = ("name", "kind", "base_model", "prediction_type", "title", "description", "rank", "sha256")
    return AdapterInfo(
        **{field: getattr(manifest, field) for field in fields},
        trigger_words=list(manifest.trigger_words),
        style=_style(manifest),
        usable=not reason,
        reason=reason,
    )


def _style(manifest: Manifest) -> StyleInfo | None:
    if (style := manifest.style) is None:
        return None
    description = style.description or manifest.title
    return StyleInfo(command=style.command, frame=manifest.frame, weight=style.weight, description=description)
