"""``/adapter list | info | use``: what moderators may see and change."""

from __future__ import annotations

from dataclasses import dataclass

from bot.request import Origin
from bot.styles import Binding
from engine.protocol import AdapterInfo


@dataclass(frozen=True, slots=True)
class Listing:
    """Every adapter of the engine, and which one draws each style in a place."""

    adapters: tuple[AdapterInfo, ...]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A style's adapter in a place, before and after. ``to_default``: the place follows the built-in choice again."""

    style: str
    old: str | None
    new: str | None
    to_default: bool


class Moderation:
    """``allowed`` is what the frontend found when it asked the platform for the member's permissions, just now.

    Every method raises ``bot.errors.Refused``.
    """

    async def list(self, origin: Origin, *, allowed: bool) -> Listing:
        """``/adapter list``: for ``bot.replies.Replies.adapter_list``."""
        raise NotImplementedError

    async def info(self, origin: Origin, adapter: str, *, allowed: bool) -> AdapterInfo:
        """``/adapter info``: for ``bot.replies.Replies.adapter_info``."""
        raise NotImplementedError

    async def use(self, origin: Origin, style: str, adapter: str, *, allowed: bool) -> Change:
        """``/adapter use``: from the next request on, in ``origin.place``; for ``Replies.adapter_used``."""
        raise NotImplementedError

    async def names(self) -> tuple[str, ...]:
        """What can be given as an adapter, for autocompletion; never raises, waits for nothing long."""
        raise NotImplementedError
