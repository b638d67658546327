"""Adapters in memory: loaded beside the step loop, kept while they are used, and as long as the budget allows."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.manifest import AdapterError
from adapters.registry import Adapter, Registry
from engine.adapters.checkpoints import Checkpoint, checkpoint_bytes
from engine.adapters.compatibility import describe, misfit
from engine.adapters.lora_files import Unusable
from engine.adapters.memory_budget import MemoryBudget
from engine.adapters.weights import Lora, Reader, key_of, model_shapes, name_of
from engine.diffusion.model import Model
from engine.errors import AdapterRefused, BadRequest, EngineError, NotFound
from engine.plan import ModelFacts
from engine.protocol import AdapterInfo, AdapterUse
from engine.sizes import MEGABYTE


class OutOfRoom(Exception):
    """Every variant in memory is being drawn with; ask again when one is released."""


@dataclass(frozen=True)
class HeldAdapters:
    """What one request draws with."""

    variant: Checkpoint
    loras: tuple[tuple[Lora, float], ...] = ()


class AdapterCache:
    """Knows which adapters there are, which of them fit the model, and holds those in use. Thread-safe."""

    def __init__(
        self, model: Model, facts: ModelFacts, registry: Registry, *, lora_mb: int, variant_mb: int, max_rank: int
    ) -> None:
        self.loras: MemoryBudget[Lora] = MemoryBudget(lora_mb * MEGABYTE)
        self.variants: MemoryBudget[Checkpoint] = MemoryBudget(variant_mb * MEGABYTE)
        self.loads = self.hits = 0
        self._shelves: dict[str, MemoryBudget[Any]] = {"lora": self.loras, "dreambooth": self.variants}
        self._reader = Reader(model, max_rank)
        self._facts = facts
        self._networks, self._source = model_shapes(model), model.source
        self._fitting: set[str] = set()
        self._registry = registry
        self._lock = threading.Lock()
        """Guards the two caches and the counters. Never held while a file is read."""
        self._reading = {kind: threading.Lock() for kind in self._shelves}

    def list(self) -> list[AdapterInfo]:
        """Every adapter of the registry, and whether it fits; the broken ones last."""
        broken = self._registry.unusable().items()
        return [
            *(self._info(adapter) for adapter in self._registry.list()),
            *(AdapterInfo(name=name, usable=False, reason=reason) for name, reason in sorted(broken)),
        ]

    def _info(self, adapter: Adapter) -> AdapterInfo:
        info = describe(adapter, self._misfit(adapter))
        shelf, key = self._shelves[adapter.manifest.kind], key_of(adapter)
        if item := shelf.items.get(key):
            info = info.model_copy(update={"loaded": True, "pinned": key in shelf.pinned, "bytes": item.bytes})
        return info

    def _misfit(self, adapter: Adapter) -> str:
        """Why the adapter does not fit; the headers of one that fits are read once."""
        key = key_of(adapter)
        fault = "" if key in self._fitting else misfit(adapter, self._facts, self._networks, self._source)
        if not fault:
            self._fitting.add(key)
        return fault

    def load(self, name: str, *, pin: bool = False) -> AdapterInfo:
        """Have the adapter in memory before somebody asks for it; a pinned one stays.

        :raises NotFound, AdapterRefused:
        """
        adapter = self.find(name)
        try:
            key = self._hold(adapter).key
        except OutOfRoom:
            reason = "every checkpoint in memory is being drawn with; try again later"
            raise AdapterRefused(f"The adapter {name!r} cannot be loaded now: {reason}.", param="name") from None
        shelf = self._shelves[adapter.manifest.kind]
        with self._lock:
            if pin:
                shelf.pinned.add(key)
            shelf.release(key)
        return self._info(adapter)

    def unload(self, name: str) -> AdapterInfo:
        """Unpin the adapter and let it leave, at once or when its last request is over.

        :raises NotFound, AdapterRefused:
        """
        adapter = self.find(name)
        with self._lock:
            for shelf in self._shelves.values():
                for key in [key for key in shelf.items if name_of(key) == name]:
                    shelf.drop(key)
        return self._info(adapter)

    def find(self, name: str) -> Adapter:
        """:raises NotFound, AdapterRefused:"""
        try:
            adapter = self._registry.get(name)
        except AdapterError as error:
            known = [adapter.name for adapter in self._registry.list()]
            if reason := self._registry.unusable().get(name):
                raise AdapterRefused(
                    f"The adapter {name!r} is damaged or incomplete: {reason}.", param="adapters"
                ) from error
            message = f"There is no adapter {name!r}. Known: {', '.join(known) or 'none'}."
            raise NotFound(message, param="adapters") from error
        if reason := self._misfit(adapter):
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

    def in_memory(self, uses: Sequence[AdapterUse]) -> bool:
        """Whether ``acquire`` need not read anything, as far as can be told without looking at the disk."""
        with self._lock:
            known = {name_of(key) for shelf in self._shelves.values() for key in shelf.items}
        return all(use.name in known for use in uses)

    def acquire(self, uses: Sequence[AdapterUse]) -> HeldAdapters:
        """Load what is not there yet, and hold it until ``release``.

        :raises EngineError: where an adapter cannot be used.
        :raises OutOfRoom: where a variant must wait for another to be released.
        """
        self.check(uses)
        applied = HeldAdapters(self._reader.base)
        try:
            for use in uses:
                applied = self._add(applied, use)
        except (EngineError, OutOfRoom):
            self.release(applied)
            raise
        return applied

    def _add(self, applied: HeldAdapters, use: AdapterUse) -> HeldAdapters:
        held = self._hold(self.find(use.name))
        if isinstance(held, Checkpoint):
            return replace(applied, variant=held)
        return replace(applied, loras=(*applied.loras, (held, use.weight)))

    def release(self, applied: HeldAdapters) -> None:
        """The request is over."""
        with self._lock:
            for lora, _ in applied.loras:
                self.loras.release(lora.key)
            if applied.variant.key:
                self.variants.release(applied.variant.key)

    def _hold(self, adapter: Adapter) -> Lora | Checkpoint:
        """The adapter's weights, kept until they are released. Reading holds up nobody who has what he needs."""
        if held := self._hold_loaded(adapter):
            return held
        with self._reading[adapter.manifest.kind]:
            if held := self._hold_loaded(adapter):
                return held
            read = self._read(adapter)
            with self._lock:
                self.loads += 1
                self._shelves[adapter.manifest.kind].put(read)
            return read

    def _hold_loaded(self, adapter: Adapter) -> Lora | Checkpoint | None:
        shelf, key = self._shelves[adapter.manifest.kind], key_of(adapter)
        with self._lock:
            found: Lora | Checkpoint | None = shelf.items.get(key)
            if found is not None:
                shelf.hold(key)
                self.hits += 1
            return found

    def _read(self, adapter: Adapter) -> Lora | Checkpoint:
        """:raises AdapterRefused, OutOfRoom:"""
        try:
            if adapter.manifest.kind == "dreambooth":
                self._make_room(adapter)
            return self._reader.read(adapter)
        except Unusable as error:
            raise AdapterRefused(f"The adapter {adapter.name!r} cannot be used: {error}.", param="adapters") from error

    def _make_room(self, adapter: Adapter) -> None:
        """:raises Unusable, OutOfRoom:"""
        size, budget = checkpoint_bytes(adapter.folder, self._reader.base), self.variants.budget
        with self._lock:
            pinned = self.variants.kept_bytes(pinned_only=True)
            if pinned + size > budget:
                more = f", of which {pinned // MEGABYTE} MB are pinned" if pinned else ""
                needed = f"it needs {math.ceil(size / MEGABYTE)} MB"
                raise Unusable(f"{needed}; SANGGAR_VARIANT_MEMORY_MB is {budget // MEGABYTE}{more}")
            if not self.variants.make_room(size):
                raise OutOfRoom
