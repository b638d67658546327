"""The styles that can be drawn now: the built-in ones, and those that the adapters of the engine declare."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from bot.commands.options import printable
from bot.commands.table import BASE_STYLE, BUILT_IN, FURTHER_MAX, CommandTable, command_table
from bot.storage.database import Database
from bot.styles.style import ResolvedStyle
from engine.protocol import AdapterInfo

FRAMES = {
    "kancil": "{prompt}, storybook illustration",
    "retro": "{prompt}, retro anime character",
    "landscape": "{prompt}, fantasy landscape",
    BASE_STYLE: "{prompt}",
}
"""Prompts that the model gets for the built-in styles where no adapter that fits it declares one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeclaredStyle:
    """What an adapter that fits the loaded model says of itself; see ``engine.protocol.StyleInfo``."""

    adapter: str
    command: str
    frame: str
    weight: float
    help: str


class StyleCatalogue:
    """What the engine's adapters declared when it was last asked; kept, so that it may be away.

    Where several declare one style, the last one by name draws it: ``batik-2`` comes after ``batik``.
    ``commands`` is the command table of the moment, never changed, but replaced.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._declared: tuple[DeclaredStyle, ...] = ()
        self._written: tuple[DeclaredStyle, ...] = ()
        self._defaults: dict[str, DeclaredStyle] = {}
        self._changed = asyncio.Condition()
        self.commands = BUILT_IN

    async def open(self) -> None:
        """Takes up what was learnt before."""
        rows = await self._database.rows("SELECT adapter, command, frame, weight, help FROM styles ORDER BY adapter")
        self._written = tuple(DeclaredStyle(*row) for row in rows)
        await self._replace(self._written)

    async def update(self, adapters: Sequence[AdapterInfo]) -> None:
        """Takes over what the engine tells of all its adapters."""
        declared = tuple(sorted(filter(None, map(_declared, adapters)), key=lambda one: one.adapter))
        if declared != self._declared:
            await self._replace(declared)
        if declared != self._written:
            await self._write(declared)

    async def _write(self, declared: tuple[DeclaredStyle, ...]) -> None:
        """Keeps them for the next start; what cannot be written now is tried again when the engine is asked again."""
        insert = "INSERT INTO styles (adapter, command, frame, weight, help) VALUES (?, ?, ?, ?, ?)"
        try:
            async with self._database.transaction() as connection:
                await connection.execute("DELETE FROM styles")
                await connection.executemany(insert, map(astuple, declared))
        except sqlite3.Error as error:
            log.warning("the styles cannot be written: %s", error)
        else:
            self._written = declared

    async def wait_for_change(self, table: CommandTable | None) -> CommandTable:
        """Wait until the command table is no longer ``table``, and return it."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.commands != table)
            return self.commands

    @property
    def adapted(self) -> tuple[str, ...]:
        """The styles that an adapter can draw."""
        return tuple(command.name for command in self.commands.styles if command.name != BASE_STYLE)

    def default_adapter(self, style: str) -> str | None:
        """The adapter that draws the style unless a moderator says otherwise; None is the base model alone."""
        return self._defaults[style].adapter if style in self._defaults else None

    def resolve(self, style: str, adapter: str | None) -> ResolvedStyle:
        """How a style of the table is drawn with this adapter, which has the weight that it declares, in any style."""
        weight = next((one.weight for one in self._declared if one.adapter == adapter), 1.0)
        return ResolvedStyle(adapter, weight, self._defaults[style].frame if style in self._defaults else FRAMES[style])

    async def _replace(self, declared: tuple[DeclaredStyle, ...]) -> None:
        own = {one.command: one for one in declared if _can_be_a_style(one.command)}
        further = sorted(own.keys() - FRAMES.keys())
        if left_out := further[FURTHER_MAX:]:
            log.warning("more styles than the platforms take; left out: %s", ", ".join(left_out))
        async with self._changed:
            self._declared, self._defaults = declared, own
            self.commands = command_table({name: own[name].help for name in further[:FURTHER_MAX]})
            self._changed.notify_all()


def _declared(info: AdapterInfo) -> DeclaredStyle | None:
    if not (info.usable and info.style):
        return None
    style = info.style
    text = " ".join(printable(style.description).split()) or style.command
    return DeclaredStyle(info.name, style.command, style.frame, style.weight, text)


def _can_be_a_style(command: str) -> bool:
    """Whether the name is a style that adapters draw, or free; an engine of another version may know other commands."""
    return (command in FRAMES and command != BASE_STYLE) or BUILT_IN.find(command) is None
