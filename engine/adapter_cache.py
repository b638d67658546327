"""Adapters in memory: loaded beside the step loop, kept while they are used, and as long as the budget allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.manifest import AdapterError, Manifest
from adapters.registry import Adapter, Registry
from engine.errors import AdapterRefused, BadRequest, NotFound
from engine.lora_files import LoraFile, Unusable, read_lora
from engine.model import Model
from engine.plan import Facts
from engine.protocol import AdapterInfo, AdapterUse
from engine.settings import EngineSettings
from engine.variants import Variant, read_variant

MEGABYTE = 1 << 20


class OutOfRoom(Exception):
    """Every variant in memory is being drawn with; ask again when one is released."""


class _Sized(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def bytes(self) -> int: ...


@dataclass(frozen=True)
class Lora:
    """A LoRA file in memory, ready for a slot."""

    key: str
    file: LoraFile

    @property
    def bytes(self) -> int:
        return sum(part.bytes for parts in (self.file.unet, self.file.text_encoder) for part in parts.values())


@dataclass(frozen=True)
class Applied:
    """What one request draws with."""

    variant: Variant
    loras: tuple[tuple[Lora, float], ...] = ()

    @property
    def keys(self) -> list[str]:
        return [self.variant.key, *(lora.key for lora, _ in self.loras)]


class Shelf:
    """Loaded things of one kind under a byte budget; the least recently used one that nobody holds goes first."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.items: OrderedDict[str, _Sized] = OrderedDict()
        self.held: dict[str, int] = {}
        self.pinned: set[str] = set()

    @property
    def bytes(self) -> int:
        return sum(item.bytes for item in self.items.values())

    def put(self, item: _Sized) -> None:
        """Keep ``item``; what is idle makes room for it."""
        self.items[item.key] = item
        self.shrink(keep=item.key)

    def shrink(self, keep: str = "") -> None:
        """Drop idle items until the budget is kept."""
        idle = [key for key in self.items if key != keep and not self.held.get(key) and key not in self.pinned]
        for key in idle:
            if self.bytes <= self.budget:
                return
            del self.items[key]

    def hold(self, key: str) -> None:
        self.items.move_to_end(key)
        self.held[key] = self.held.get(key, 0) + 1

    def release(self, key: str) -> None:
        self.held[key] -= 1
        if not self.held[key]:
            del self.held[key]
        self.shrink()


class AdapterCache:
    """Knows which adapters there are, which of them fit the model, and holds those in use. Thread-safe."""

    def __init__(self, model: Model, facts: Facts, registry: Registry, settings: EngineSettings) -> None:
        self.base = Variant("", model.unet, model.text_encoder)
        self.loras = Shelf(settings.lora_memory_mb * MEGABYTE)
        self.variants = Shelf(settings.variant_memory_mb * MEGABYTE)
        self.loads = self.hits = 0
        self._facts = facts
        self._registry = registry
        self._max_rank = settings.max_rank
        self._lock = threading.Lock()
        self._layers = {
            "unet": {name: layer for name, layer in model.unet.named_modules() if hasattr(layer, "slots")},
            "text_encoder": {
                name: layer for name, layer in model.text_encoder.named_modules() if hasattr(layer, "slots")
            },
        }

    def list(self) -> list[AdapterInfo]:
        """Every adapter of the registry, and whether it fits."""
        return [describe(adapter, misfit(adapter.manifest, self._facts)) for adapter in self._registry.list()]

    def find(self, name: str) -> Adapter:
        """:raises NotFound, AdapterRefused:"""
        try:
            adapter = self._registry.get(name)
        except AdapterError as error:
            known = [adapter.name for adapter in self._registry.list()]
            if name in {folder.name for folder in self._registry.broken()}:
                raise AdapterRefused(f"The adapter {name!r} is damaged or incomplete.", param="adapters") from error
            raise NotFound(
                f"There is no adapter {name!r}. Known: {', '.join(known) or 'none'}.", param="adapters"
            ) from error
        if reason := misfit(adapter.manifest, self._facts):
            raise AdapterRefused(f"The adapter {name!r} cannot be used: {reason}.", param="adapters")
        return adapter

    def check(self, uses: Sequence[AdapterUse]) -> None:
        """Refuse early what the manifests forbid.

        :raises NotFound, AdapterRefused, BadRequest:
        """
        dreambooth = [use for use in uses if self.find(use.name).manifest.kind == "dreambooth"]
        if len(dreambooth) > 1:
            names = ", ".join(use.name for use in dreambooth)
            raise BadRequest(f"Only one DreamBooth adapter can be used in a request; given: {names}.", param="adapters")
        if any(use.weight != 1 for use in dreambooth):
            raise BadRequest("A DreamBooth adapter is a whole model; its weight must be 1.", param="adapters")

    def wants_variant(self, uses: Sequence[AdapterUse]) -> bool:
        """Whether one of ``uses`` is a DreamBooth checkpoint."""
        kinds = {adapter.name: adapter.manifest.kind for adapter in self._registry.list()}
        return any(kinds.get(use.name) == "dreambooth" for use in uses)

    def acquire(self, uses: Sequence[AdapterUse]) -> Applied:
        """Load what is not there yet, and hold it until ``release``.

        :raises EngineError: where an adapter cannot be used.
        :raises OutOfRoom: where a variant must wait for another to be released.
        """
        if not uses:
            return Applied(self.base)
        self.check(uses)
        with self._lock:
            variant, loras = self.base, []
            for use in uses:
                loaded = self._load(self.find(use.name))
                if isinstance(loaded, Variant):
                    variant = loaded
                else:
                    loras.append((loaded, use.weight))
            applied = Applied(variant, tuple(loras))
            self._hold(applied)
            return applied

    def release(self, applied: Applied) -> None:
        """The request is over."""
        with self._lock:
            for lora, _ in applied.loras:
                self.loras.release(lora.key)
            if applied.variant.key:
                self.variants.release(applied.variant.key)

    def _hold(self, applied: Applied) -> None:
        for lora, _ in applied.loras:
            self.loras.hold(lora.key)
        if applied.variant.key:
            self.variants.hold(applied.variant.key)

    def _load(self, adapter: Adapter) -> Lora | Variant:
        key = f"{adapter.name}@{adapter.manifest.sha256[:16]}"
        shelf = self.loras if adapter.manifest.kind == "lora" else self.variants
        if key in shelf.items:
            self.hits += 1
            found = shelf.items[key]
            assert isinstance(found, Lora | Variant)
            return found
        loaded = self._read(key, adapter)
        self.loads += 1
        shelf.put(loaded)
        return loaded

    def _read(self, key: str, adapter: Adapter) -> Lora | Variant:
        try:
            if adapter.manifest.kind == "dreambooth":
                self._make_room(adapter)
                return read_variant(key, adapter.folder, self.base)
            return Lora(key, read_lora(adapter.files()[0], self._layers, self._max_rank))
        except (Unusable, AdapterError) as error:
            reason = str(error) if isinstance(error, Unusable) else "its weights are missing or damaged"
            raise AdapterRefused(f"The adapter {adapter.name!r} cannot be used: {reason}.", param="adapters") from error

    def _make_room(self, adapter: Adapter) -> None:
        """:raises Unusable, OutOfRoom:"""
        size, budget = sum(file.stat().st_size for file in adapter.files()), self.variants.budget
        if size > budget:
            raise Unusable(f"it needs {size // MEGABYTE} MB; SANGGAR_VARIANT_MEMORY_MB is {budget // MEGABYTE}")
        held = sum(item.bytes for key, item in self.variants.items.items() if key in self.variants.held)
        if held + size > budget:
            raise OutOfRoom


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
