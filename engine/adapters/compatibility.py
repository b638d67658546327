"""Whether an adapter fits the loaded model, without reading its weights.

It fits if the model predicts what the adapter was trained for, and every tensor of it has a place of its shape in the
model. So fine-tunes and copies of a model take its adapters, whatever they are called.
"""

from __future__ import annotations

from adapters.manifest import AdapterError, Manifest, model_name
from adapters.registry import DIFFERENCE_FILE, Adapter, read_shapes
from adapters.shapes import NetworkShapes, checkpoint_fault, lora_fault
from engine.adapters.differences import check_base
from engine.adapters.lora_files import Unusable
from engine.plan import ModelFacts
from engine.protocol import AdapterInfo, StyleInfo


def misfit(adapter: Adapter, facts: ModelFacts, networks: NetworkShapes, source: str) -> str:
    """Why the adapter does not fit the loaded model, which was read from ``source``; empty if it does."""
    manifest = adapter.manifest
    if manifest.prediction_type != facts.prediction_type:
        return f"it was trained for {manifest.prediction_type}, and the loaded model predicts {facts.prediction_type}"
    fault = weights_fault(adapter, networks, source)
    if fault and model_name(manifest.base_model) != model_name(facts.name):
        return f"it was made for {manifest.base_model!r}, and {facts.name!r} is loaded: {fault}"
    return fault


def weights_fault(adapter: Adapter, networks: NetworkShapes, source: str) -> str:
    """Which tensor of the adapter has no place in the model, or why none can be told; empty if every one has."""
    try:
        files = adapter.files()
        if adapter.manifest.kind == "lora":
            return adapter.layout_fault() or lora_fault(read_shapes(files[0]), networks)
        if files == [adapter.folder / DIFFERENCE_FILE]:
            check_base(files[0], networks, source)
            return ""
        faults = [checkpoint_fault(file.parent.name, read_shapes(file), networks) for file in files]
        return next(filter(None, faults), "")
    except Unusable as error:
        return str(error)
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
