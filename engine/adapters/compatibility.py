"""Whether an adapter fits the loaded model, without reading its weights. Imports no torch.

It fits if the model predicts what the adapter was trained for, and every tensor of it has a place of its shape in the
model. So fine-tunes and copies of a model take its adapters, whatever they are called.
"""

from __future__ import annotations

from adapters.manifest import AdapterError, Manifest, model_name
from adapters.registry import DIFFERENCE_FILE, Adapter, read_shapes
from adapters.shapes import NetworkShapes, checkpoint_fault, difference_fault, lora_fault
from engine.plan import ModelFacts
from engine.protocol import AdapterInfo, StyleInfo


def misfit(adapter: Adapter, facts: ModelFacts, networks: NetworkShapes) -> str:
    """Why the adapter does not fit the loaded model; empty if it does."""
    manifest = adapter.manifest
    if manifest.prediction_type != facts.prediction_type:
        return f"it was trained for {manifest.prediction_type}, and the loaded model predicts {facts.prediction_type}"
    fault = shape_fault(adapter, networks)
    if fault and model_name(manifest.base_model) != model_name(facts.name):
        return f"it was made for {manifest.base_model!r}, and {facts.name!r} is loaded: {fault}"
    return fault


def shape_fault(adapter: Adapter, networks: NetworkShapes) -> str:
    """Which tensor of the adapter has no place in the model; empty if every one has. Reads headers alone."""
    try:
        shapes = {file: read_shapes(file) for file in adapter.files()}
        if adapter.manifest.kind == "lora":
            other_layout = bool(adapter.layout_fault())  # the reader of weights judges those layer by layer
            return "" if other_layout else lora_fault(next(iter(shapes.values())), networks)
        if difference := shapes.get(adapter.folder / DIFFERENCE_FILE):
            return difference_fault(difference, networks)
        faults = [checkpoint_fault(file.parent.name, found, networks) for file, found in shapes.items()]
        return next(filter(None, faults), "")
    except (AdapterError, OSError):
        return "its weights cannot be read"


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
