"""Which updates are written down, confirmed and dealt with, and who waits for whom."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from telegram import Chat, Message, Update

from bot.errors import Refused
from bot.frontends.telegram import polling
from bot.frontends.telegram.inbox import Inbox
from bot.frontends.telegram.polling import UpdatePoller
from bot.frontends.telegram.tasks import Tasks
from bot.storage.database import Database


def update(number: int, chat: int = 1) -> Update:
    return Update(number, Message(number, datetime(2026, 1, 1, tzinfo=UTC), Chat(chat, "private")))


class Bot:
    """Gives out updates once; ``confirmed`` is the offset of every poll."""

    defaults = None

    def __init__(self, *updates: Update) -> None:
        self.updates = updates
        self.confirmed: list[int] = []

    async def get_updates(self, offset: int, timeout: int, **_: Any) -> Sequence[Update]:
        self.confirmed.append(offset)
        if offset == 0:
            return self.updates
        if timeout:
            await asyncio.Event().wait()
        return []


class Handler:
    """``errors`` are raised for the updates of these numbers; ``held`` ones wait for ``released``."""

    def __init__(self, errors: dict[int, Exception] | None = None, *, last: int = 7, held: Sequence[int] = ()) -> None:
        self.errors = errors or {}
        self.held = held
        self.released = asyncio.Event()
        self.last = last
        self.handled: list[int] = []

    async def __call__(self, update: Update) -> None:
        if update.update_id in self.held:
            await self.released.wait()
        if error := self.errors.get(update.update_id):
            raise error
        self.handled.append(update.update_id)


class WatchedInbox(Inbox):
    """``emptied`` is set once the update of that number is removed."""

    def __init__(self, database: Database, bot: Bot, last: int) -> None:
        super().__init__(database, cast(Any, bot))
        self.emptied = asyncio.Event()
        self._last = last

    async def remove(self, update_id: int) -> None:
        await super().remove(update_id)
        if update_id == self._last:
            self.emptied.set()


async def run(database: Database, bot: Bot, handler: Handler) -> list[int]:
    """Polls until the last update is dealt with; the numbers of what is left for the next start."""
    tasks, inbox = Tasks(), WatchedInbox(database, bot, handler.last)
    poller = UpdatePoller(cast(Any, bot), handler, tasks, inbox)
    running = asyncio.create_task(poller.run())
    emptied = asyncio.create_task(inbox.emptied.wait())
    await asyncio.wait({emptied, running}, return_when=asyncio.FIRST_COMPLETED)
    poller.close()
    await running
    await tasks.close(0)
    emptied.cancel()
    return [one.update_id for one in await inbox.waiting()]


async def test_an_update_is_confirmed_once_it_is_written_down(database: Database) -> None:
    bot, handler = Bot(update(5), update(6), update(7)), Handler()
    assert await run(database, bot, handler) == []
    assert handler.handled == [5, 6, 7]
    assert bot.confirmed[0] == 0
    assert set(bot.confirmed[1:]) == {8}


async def test_a_slow_chat_holds_up_nobody_else(database: Database) -> None:
    bot, handler = Bot(update(5, 1), update(6, 1), update(7, 2)), Handler(held=[5])
    assert await run(database, bot, handler) == [5, 6]
    assert handler.handled == [7]
    assert bot.confirmed[1:] == [8] * len(bot.confirmed[1:])


async def test_what_was_left_is_dealt_with_at_the_next_start(database: Database) -> None:
    bot = Bot(update(5, 1), update(6, 1), update(7, 2))
    await run(database, bot, Handler(held=[5]))
    again, handler = Bot(), Handler(last=6)
    assert await run(database, again, handler) == []
    assert handler.handled == [5, 6]


async def test_an_update_that_fails_does_not_take_the_others_with_it(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    bot, handler = Bot(update(5), update(6), update(7)), Handler({6: RuntimeError("a mistake")})
    assert await run(database, bot, handler) == []
    assert handler.handled == [5, 7]
    assert "update 6 was not dealt with" in caplog.text


async def test_what_the_studio_no_longer_takes_is_left_for_the_next_start(database: Database) -> None:
    bot, handler = Bot(update(5), update(6), update(7)), Handler({6: Refused("stopping")})
    assert await run(database, bot, handler) == [6, 7]
    assert handler.handled == [5]


async def test_nothing_is_confirmed_while_the_database_cannot_be_written(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot, handler = Bot(update(5), update(6), update(7)), Handler()
    kept, tries = Inbox.keep, list[int]()

    async def keep(self: Inbox, updates: Sequence[Update]) -> None:
        tries.append(len(bot.confirmed))
        if len(tries) < 3:
            raise sqlite3.OperationalError("disk I/O error")
        await kept(self, updates)

    monkeypatch.setattr(Inbox, "keep", keep)
    monkeypatch.setattr(polling, "PAUSES", (0.0,))
    assert await run(database, bot, handler) == []
    assert tries == [1, 1, 1]
    assert handler.handled == [5, 6, 7]


async def test_tasks_are_cancelled_once_their_grace_is_over() -> None:
    tasks, started = Tasks(), asyncio.Event()

    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    task = tasks.start(endless(), "endless")
    await started.wait()
    await tasks.close(0.0)
    assert task.cancelled()
