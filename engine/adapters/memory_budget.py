"""Loaded things under a byte budget: the least recently used one that nobody needs goes first. No torch."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something with a name and a size in memory."""

    @property
    def key(self) -> str: ...
    @property
    def bytes(self) -> int: ...


Item = TypeVar("Item", bound=Sized)


class MemoryBudget(Generic[Item]):
    """Items by key. Held ones are in use by a request, pinned ones stay because the operator says so."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self.items: OrderedDict[str, Item] = OrderedDict()
        self.held: dict[str, int] = {}
        self.pinned: set[str] = set()
        self._leaving: set[str] = set()

    def kept_bytes(self, *, pinned_only: bool = False) -> int:
        """Bytes of the items that are pinned or in use, which cannot be evicted now."""
        kept = self.pinned if pinned_only else self.pinned | self.held.keys()
        return sum(item.bytes for key, item in self.items.items() if key in kept)

    def make_room(self, size: int) -> bool:
        """Let idle items leave until there is room for ``size`` bytes; False where too much is in use."""
        if self.kept_bytes() + size > self.budget:
            return False
        self._shrink(self.budget - size)
        return True

    def put(self, item: Item) -> None:
        """Keep ``item``, in use until ``release``; what is idle makes room for it."""
        self.items[item.key] = item
        self.bytes += item.bytes
        self.hold(item.key)
        self._shrink(self.budget)

    def hold(self, key: str) -> None:
        """``key`` is in use until as many calls of ``release``."""
        self.items.move_to_end(key)
        self._leaving.discard(key)
        self.held[key] = self.held.get(key, 0) + 1

    def release(self, key: str) -> None:
        self.held[key] -= 1
        if not self.held[key]:
            del self.held[key]
            if key in self._leaving:
                self.drop(key)
        self._shrink(self.budget)

    def drop(self, key: str) -> None:
        """Unpin ``key``, and forget it as soon as it is not in use."""
        self.pinned.discard(key)
        if key in self.held:
            self._leaving.add(key)
            return
        self._leaving.discard(key)
        self._remove(key)

    def _shrink(self, most: int) -> None:
        """Drop idle items until ``most`` bytes are left."""
        for key in [key for key in self.items if key not in self.held and key not in self.pinned]:
            if self.bytes <= most:
                return
            self._remove(key)

    def _remove(self, key: str) -> None:
        if item := self.items.pop(key, None):
            self.bytes -= item.bytes
