"""Adapters in memory: loaded beside the step loop, kept while they are used, and as long as the budget allows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapters.manifest import AdapterError
from adapters.registry import Adapter, Registry
from engine.adapter_facts import describe, misfit
from engine.capacity import MEGABYTE, Capacity
from engine.errors import AdapterRefused, BadRequest, EngineError, NotFound
from engine.lora import adapted_layers
from engine.lora_files import LoraFile, Unusable, read_lora
from engine.model import Model
from engine.plan import Facts
from engine.protocol import AdapterInfo, AdapterUse
from engine.shelf import Shelf
from engine.variants import Variant, read_variant


class OutOfRoom(Exception):
    """Every variant in memory is being drawn with; ask again when one is released."""


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


class AdapterCache:
    """Knows which adapters there are, which of them fit the model, and holds those in use. Thread-safe."""

    def __init__(self, model: Model, facts: Facts, registry: Registry, capacity: Capacity, max_rank: int) -> None:
        self.base = Variant("", model.unet, model.text_encoder)
        self.loras: Shelf[Lora] = Shelf(capacity.lora_memory_mb * MEGABYTE)
        self.variants: Shelf[Variant] = Shelf(capacity.variant_memory_mb * MEGABYTE)
        self.loads = self.hits = 0
        self._facts = facts
        self._registry = registry
        self._max_rank = max_rank
        self._lock = threading.Lock()
        self._layers = {"unet": adapted_layers(model.unet), "text_encoder": adapted_layers(model.text_encoder)}

    def list(self) -> list[AdapterInfo]:
        """Every adapter of the registry, and whether it fits."""
        return [self._info(adapter) for adapter in self._registry.list()]

    def _info(self, adapter: Adapter) -> AdapterInfo:
        info = describe(adapter, misfit(adapter.manifest, self._facts))
        shelf, key = self._shelf(adapter), key_of(adapter)
        if item := shelf.items.get(key):
            info = info.model_copy(update={"loaded": True, "pinned": key in shelf.pinned, "bytes": item.bytes})
        return info

    def _shelf(self, adapter: Adapter) -> Shelf[Lora] | Shelf[Variant]:
        return self.loras if adapter.manifest.kind == "lora" else self.variants

    def load(self, name: str, *, pin: bool = False) -> AdapterInfo:
        """Have the adapter in memory before somebody asks for it; a pinned one stays.

        :raises NotFound, AdapterRefused:
        """
        adapter = self.find(name)
        with self._lock:
            try:
                key = self._load(adapter).key
            except OutOfRoom:
                reason = "every checkpoint in memory is being drawn with; try again later"
                raise AdapterRefused(f"The adapter {name!r} cannot be loaded now: {reason}.", param="name") from None
            if pin:
                self._shelf(adapter).pinned.add(key)
            return self._info(adapter)

    def unload(self, name: str) -> AdapterInfo:
        """Unpin the adapter and let it leave, at once or when its last request is over.

        :raises NotFound, AdapterRefused:
        """
        adapter = self.find(name)
        with self._lock:
            self._shelf(adapter).drop(key_of(adapter))
            return self._info(adapter)

    def find(self, name: str) -> Adapter:
        """:raises NotFound, AdapterRefused:"""
        try:
            adapter = self._registry.get(name)
        except AdapterError as error:
            known = [adapter.name for adapter in self._registry.list()]
            if name in {folder.name for folder in self._registry.broken()}:
                raise AdapterRefused(f"The adapter {name!r} is damaged or incomplete.", param="adapters") from error
            message = f"There is no adapter {name!r}. Known: {', '.join(known) or 'none'}."
            raise NotFound(message, param="adapters") from error
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
            applied = Applied(self.base)
            try:
                for use in uses:
                    applied = self._add(applied, use)
            except (EngineError, OutOfRoom):
                self._let_go(applied)
                raise
            return applied

    def _add(self, applied: Applied, use: AdapterUse) -> Applied:
        loaded = self._load(self.find(use.name))
        if isinstance(loaded, Variant):
            self.variants.hold(loaded.key)
            return replace(applied, variant=loaded)
        self.loras.hold(loaded.key)
        return replace(applied, loras=(*applied.loras, (loaded, use.weight)))

    def release(self, applied: Applied) -> None:
        """The request is over."""
        with self._lock:
            self._let_go(applied)

    def _let_go(self, applied: Applied) -> None:
        for lora, _ in applied.loras:
            self.loras.release(lora.key)
        if applied.variant.key:
            self.variants.release(applied.variant.key)

    def _load(self, adapter: Adapter) -> Lora | Variant:
        found = self._shelf(adapter).items.get(key_of(adapter))
        if found is not None:
            self.hits += 1
            return found
        self.loads += 1
        loaded = self._read(key_of(adapter), adapter)
        if isinstance(loaded, Lora):
            self.loras.put(loaded)
        else:
            self.variants.put(loaded)
        return loaded

    def _read(self, key: str, adapter: Adapter) -> Lora | Variant:
        try:
            adapter.verify()
            if adapter.manifest.kind == "dreambooth":
                self._make_room(adapter)
                return read_variant(key, adapter.folder, self.base)
            return Lora(key, read_lora(adapter.files()[0], self._layers, self._max_rank))
        except (Unusable, AdapterError) as error:
            reason = (
                str(error)
                if isinstance(error, Unusable)
                else "its weights are missing, damaged or not those of its manifest"
            )
            raise AdapterRefused(f"The adapter {adapter.name!r} cannot be used: {reason}.", param="adapters") from error

    def _make_room(self, adapter: Adapter) -> None:
        """:raises Unusable, OutOfRoom:"""
        size, budget = sum(file.stat().st_size for file in adapter.files()), self.variants.budget
        pinned = self.variants.kept_bytes(pinned_only=True)
        if pinned + size > budget:
            more = f", of which {pinned // MEGABYTE} MB are pinned" if pinned else ""
            raise Unusable(f"it needs {size // MEGABYTE} MB; SANGGAR_VARIANT_MEMORY_MB is {budget // MEGABYTE}{more}")
        if self.variants.kept_bytes() + size > budget:
            raise OutOfRoom


def key_of(adapter: Adapter) -> str:
    """The adapter and its contents: an adapter that was replaced on disk is another one."""
    return f"{adapter.name}@{adapter.manifest.sha256[:16]}"
