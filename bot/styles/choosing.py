"""``/adapter list | info | use``: what moderators may see and change."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.commands.suggest import nearest
from bot.engine_link.client import EngineClient
from bot.errors import Refused
from bot.members.origin import Origin
from bot.storage.database import Database
from bot.styles.bindings import Binding, Styles, bind, unbind
from bot.styles.catalogue import StyleCatalogue
from engine.errors import EngineError
from engine.protocol import AdapterInfo

DEFAULT, NONE = "default", "none"
"""Words for a style's own adapter, and for the base model alone."""
NAMES_SECONDS = 1.5
"""How long autocompletion waits for the engine; Discord gives three seconds in all."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """Every adapter of the engine, and which one draws each style in a place."""

    adapters: tuple[AdapterInfo, ...]
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A style's adapter in a place, before and after. ``to_default``: the style's own draws again, whichever it is."""

    style: str
    old: str | None
    new: str | None
    to_default: bool


class AdapterChoice:
    """For members who may manage the place, of which the caller has made sure. Raises ``bot.errors.Refused``."""

    def __init__(
        self,
        database: Database,
        styles: Styles,
        catalogue: StyleCatalogue,
        engine: EngineClient,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._styles = styles
        self._catalogue = catalogue
        self._engine = engine
        self._clock = clock
        self._names: tuple[str, ...] = ()

    async def list(self, origin: Origin) -> Listing:
        """``/adapter list``: for ``bot.replies.replies.Replies.adapter_list``."""
        adapters = await self._adapters()
        return Listing(adapters, await self._styles.bindings(origin.platform, origin.place))

    async def info(self, adapter: str) -> AdapterInfo:
        """``/adapter info``: for ``bot.replies.replies.Replies.adapter_info``."""
        return await self._find(adapter, ())

    async def use(self, origin: Origin, style: str, adapter: str) -> Change:
        """``/adapter use``: from the next request on, in ``origin.place``; for ``Replies.adapter_used``."""
        bindings = {one.style: one for one in await self._styles.bindings(origin.platform, origin.place)}
        if style not in bindings:
            close = nearest(style, bindings)
            raise Refused("unknown-style", name=style, valid=tuple(bindings), suggestion=close)
        new = await self._chosen(style, adapter)
        to_default = _plain(adapter) == DEFAULT
        try:
            await self._write(origin, bindings[style], new, to_default)
        except sqlite3.Error as error:
            log.error("a choice of an adapter cannot be written: %s", error)
            raise Refused("not-written") from error
        return Change(style, bindings[style].adapter, new, to_default)

    async def names(self) -> tuple[str, ...]:
        """Adapters that can draw, for autocompletion; never raises, waits for nothing long."""
        try:
            async with asyncio.timeout(NAMES_SECONDS):
                self._names = tuple(one.name for one in await self._engine.adapters() if one.usable)
        except (EngineError, TimeoutError):
            pass
        return self._names

    async def _chosen(self, style: str, adapter: str) -> str | None:
        """What was named, as the adapter to draw with; None is the base model alone."""
        if _plain(adapter) == DEFAULT:
            return self._catalogue.default_adapter(style)
        if _plain(adapter) == NONE:
            return None
        found = await self._find(adapter, (DEFAULT, NONE))
        if not found.usable:
            raise Refused("adapter-not-usable", name=found.name, why=found.reason)
        return found.name

    async def _find(self, name: str, words: tuple[str, ...]) -> AdapterInfo:
        adapters = {one.name: one for one in await self._adapters()}
        if found := adapters.get(_plain(name)):
            return found
        valid = (*words, *adapters)
        close = nearest(_plain(name), valid)
        raise Refused("unknown-adapter", name=name, valid=valid, suggestion=close)

    async def _adapters(self) -> tuple[AdapterInfo, ...]:
        """What the engine has now; styles that are new are known from here on."""
        try:
            found = await self._engine.adapters()
        except EngineError:
            raise Refused("engine-away") from None
        await self._catalogue.update(found)
        return found

    async def _write(self, origin: Origin, old: Binding, new: str | None, to_default: bool) -> None:
        """The choice and its record in the audit, together."""
        before = (old.adapter or NONE) if old.overridden else DEFAULT
        after = DEFAULT if to_default else new or NONE
        where = (origin.platform, origin.place)
        async with self._database.transaction() as connection:
            if to_default:
                await unbind(connection, *where, old.style)
            else:
                await bind(connection, *where, old.style, new)
            await connection.execute(
                "INSERT INTO audit (at, platform, place, user, style, old, new) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._clock(), *where, origin.user, old.style, before, after),
            )


def _plain(name: str) -> str:
    return name.strip().casefold()
