"""Which adapter draws a style where, and what the engine is asked for a job."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.suggest import nearest
from bot.errors import Refused
from bot.members.origin import Platform
from bot.storage.database import Connection, Database
from bot.styles.catalogue import StyleCatalogue
from bot.styles.style import ResolvedStyle


@dataclass(frozen=True, slots=True)
class Binding:
    """Which adapter draws a style in one place. ``overridden``: a moderator of the place chose it."""

    style: str
    adapter: str | None
    overridden: bool


class Styles:
    """Each place's own choice of adapters."""

    def __init__(self, database: Database, catalogue: StyleCatalogue) -> None:
        self._database = database
        self._catalogue = catalogue

    async def bindings(self, platform: Platform, place: str) -> tuple[Binding, ...]:
        """Every style that an adapter can draw, as it is drawn in this place."""
        rows = await self._database.rows(
            "SELECT style, adapter FROM bindings WHERE platform = :platform AND place = :place",
            {"platform": platform, "place": place},
        )
        chosen = {row["style"]: row["adapter"] for row in rows}
        return tuple(
            Binding(style, chosen.get(style, self._catalogue.default_adapter(style)), style in chosen)
            for style in self._catalogue.adapted
        )

    async def resolve(self, platform: Platform, place: str, style: str) -> ResolvedStyle:
        """How ``style`` is drawn in this place; raises Refused with the valid styles."""
        styles = tuple(command.name for command in self._catalogue.commands.styles)
        if style not in styles:
            close = nearest(style, styles)
            raise Refused("unknown-style", name=style, valid=styles, suggestion=close)
        bindings = {binding.style: binding.adapter for binding in await self.bindings(platform, place)}
        return self._catalogue.resolve(style, bindings.get(style))

    async def move_place(self, platform: Platform, old: str, new: str) -> None:
        """The place has a new id (a Telegram group became a supergroup): its choices go with it."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE OR REPLACE bindings SET place = ? WHERE platform = ? AND place = ?", (new, platform, old)
            )


async def bind(connection: Connection, platform: Platform, place: str, style: str, adapter: str | None) -> None:
    """Draws ``style`` with ``adapter`` in this place from now on, in the caller's transaction."""
    await connection.execute(
        "INSERT OR REPLACE INTO bindings (platform, place, style, adapter) VALUES (?, ?, ?, ?)",
        (platform, place, style, adapter),
    )


async def unbind(connection: Connection, platform: Platform, place: str, style: str) -> None:
    """Draws ``style`` in this place with its own adapter again, in the caller's transaction."""
    await connection.execute(
        "DELETE FROM bindings WHERE platform = ? AND place = ? AND style = ?", (platform, place, style)
    )
