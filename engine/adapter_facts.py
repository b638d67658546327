"""What can be said of an adapter by its manifest alone. Imports no torch."""

from __future__ import annotations

from adapters.manifest import Manifest
from adapters.registry import Adapter
from engine.plan import Facts
from engine.protocol import AdapterInfo


def misfit(manifest: Manifest, facts: Facts) -> str:
    """Why the adapter does not fit the loaded model; empty where it does.

    Of a base model's id only the last part counts, so that mirrors and local copies of a repository are one model.
    """
    wanted, loaded = (name.rstrip("/").rsplit("/")[-1].lower() for name in (manifest.base_model, facts.name))
    if wanted != loaded:
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
        usable=not reason,
        reason=reason,
    )
