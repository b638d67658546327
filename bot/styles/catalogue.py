"""The styles that can be drawn now: the built-in ones, and those that the adapters of the engine declare."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from bot.commands.options import printable
from bot.commands.table import BUILT_IN, FREE, FURTHER_MAX, CommandTable, command_table
from bot.engine_link.client import EngineClient
from bot.jobs.job import Look
from bot.storage.database import Database
from engine.errors import EngineError, Unreachable
from engine.protocol import AdapterInfo

FRAMES = {
    "kancil": "{prompt}, storybook illustration",
    "retro": "{prompt}, retro anime character",
    "landscape": "{prompt}, fantasy landscape",
    FREE: "{prompt}",
}
"""Prompts that the model gets for the built-in styles where no adapter that fits it declares one."""
ASK_SECONDS = 5.0
"""Between two questions to the engine."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Declared:
    """What an adapter that fits the loaded model says of itself; see ``engine.protocol.StyleInfo``."""

    adapter: str
    command: str
    frame: str
    weight: float
    help: str


class Repertoire:
    """What the engine's adapters declared when it was last asked; kept, so that it may be away.

    Where several declare one style, the last one by name draws it: ``batik-2`` comes after ``batik``.
    ``commands`` is the command table of the moment, never changed, but replaced.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._declared: tuple[Declared, ...] = ()
        self._own: dict[str, Declared] = {}
        self._changed = asyncio.Condition()
        self.commands = BUILT_IN

    async def open(self) -> None:
        """Takes up what was learnt before."""
        rows = await self._database.rows("SELECT adapter, command, frame, weight, help FROM styles ORDER BY adapter")
        await self._take(tuple(Declared(*row) for row in rows))

    async def learn(self, adapters: Sequence[AdapterInfo]) -> None:
        """Takes over what the engine tells of all its adapters."""
        declared = tuple(sorted(filter(None, map(_declared, adapters)), key=lambda one: one.adapter))
        if declared == self._declared:
            return
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM styles")
            insert = "INSERT INTO styles (adapter, command, frame, weight, help) VALUES (?, ?, ?, ?, ?)"
            await connection.executemany(insert, map(astuple, declared))
        await self._take(declared)

    async def other_than(self, table: CommandTable | None) -> CommandTable:
        """The command table, once it differs from ``table``."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.commands != table)
            return self.commands

    @property
    def adapted(self) -> tuple[str, ...]:
        """The styles that an adapter can draw."""
        return tuple(command.name for command in self.commands.styles if command.name != FREE)

    def own(self, style: str) -> str | None:
        """The adapter that draws the style unless a moderator says otherwise; None is the base model alone."""
        return self._own[style].adapter if style in self._own else None

    def look(self, style: str, adapter: str | None) -> Look:
        """How a style of the table is drawn with this adapter, which has the weight that it declares, in any style."""
        weight = next((one.weight for one in self._declared if one.adapter == adapter), 1.0)
        return Look(adapter, weight, self._own[style].frame if style in self._own else FRAMES[style])

    async def _take(self, declared: tuple[Declared, ...]) -> None:
        own = {one.command: one for one in declared if _can_be_a_style(one.command)}
        further = sorted(own.keys() - FRAMES.keys())
        if left_out := further[FURTHER_MAX:]:
            log.warning("more styles than the platforms take; left out: %s", ", ".join(left_out))
        async with self._changed:
            self._declared, self._own = declared, own
            self.commands = command_table({name: own[name].help for name in further[:FURTHER_MAX]})
            self._changed.notify_all()


async def ask(engine: EngineClient, repertoire: Repertoire) -> None:
    """Learns what the engine's adapters declare; where it does not answer, what is known stays."""
    try:
        await repertoire.learn(await engine.adapters())
    except EngineError as error:
        log.debug("the styles stay as they are: %s", error)


async def keep_asking(engine: EngineClient, repertoire: Repertoire) -> None:
    """Runs until it is cancelled. What the engine complains of (a wrong key) is told once."""
    complained = ""
    while True:
        try:
            await repertoire.learn(await engine.adapters())
            complained = ""
        except Unreachable as error:
            log.debug("the styles stay as they are: %s", error)
        except EngineError as error:
            if error.message != complained:
                log.warning("the engine does not tell its adapters: %s", error)
            complained = error.message
        except sqlite3.Error:
            log.exception("the styles could not be written")
        await asyncio.sleep(ASK_SECONDS)


def _declared(info: AdapterInfo) -> Declared | None:
    if not (info.usable and info.style):
        return None
    style = info.style
    text = " ".join(printable(style.description).split()) or style.command
    return Declared(info.name, style.command, style.frame, style.weight, text)


def _can_be_a_style(command: str) -> bool:
    """Whether the name is a style that adapters draw, or free; an engine of another version may know other commands."""
    return (command in FRAMES and command != FREE) or BUILT_IN.find(command) is None
