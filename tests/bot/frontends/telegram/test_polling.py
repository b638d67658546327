"""Which updates are confirmed, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from telegram import Update

from bot.errors import Refused
from bot.frontends.telegram.polling import UpdatePoller
from bot.frontends.telegram.tasks import Tasks


class Bot:
    """Gives out three updates of one chat; ``confirmed`` is the offset of every poll."""

    def __init__(self) -> None:
        self.confirmed: list[int] = []

    async def get_updates(self, offset: int, timeout: int, **_: Any) -> Sequence[Update]:
        self.confirmed.append(offset)
        if offset == 0:
            return [Update(5), Update(6), Update(7)]
        if timeout:
            await asyncio.Event().wait()
        return []


class Handler:
    """``errors`` are raised for the updates of these numbers."""

    def __init__(self, errors: dict[int, Exception]) -> None:
        self.errors = errors
        self.handled: list[int] = []
        self.last = asyncio.Event()

    async def __call__(self, update: Update) -> None:
        if update.update_id == 7:
            self.last.set()
        if error := self.errors.get(update.update_id):
            raise error
        self.handled.append(update.update_id)


async def test_updates_are_confirmed_once_they_are_dealt_with() -> None:
    bot, handler = Bot(), Handler({})
    intake = UpdatePoller(cast(Any, bot), handler, Tasks())
    running = asyncio.create_task(intake.run())
    await handler.last.wait()
    intake.close()
    await running
    assert handler.handled == [5, 6, 7]
    assert bot.confirmed[0] == 0
    assert set(bot.confirmed[1:]) == {8}


async def test_an_update_that_fails_does_not_take_the_others_with_it(caplog: pytest.LogCaptureFixture) -> None:
    bot, handler = Bot(), Handler({6: RuntimeError("a mistake")})
    intake = UpdatePoller(cast(Any, bot), handler, Tasks())
    running = asyncio.create_task(intake.run())
    await handler.last.wait()
    intake.close()
    await running
    assert handler.handled == [5, 7]
    assert "update 6 was not dealt with" in caplog.text


async def test_what_the_studio_no_longer_takes_is_left_for_the_next_start() -> None:
    bot, handler = Bot(), Handler({6: Refused("stopping")})
    await UpdatePoller(cast(Any, bot), handler, Tasks()).run()
    assert handler.handled == [5]
    assert bot.confirmed == [0, 6]


async def test_tasks_are_cancelled_once_their_grace_is_over() -> None:
    tasks, started = Tasks(), asyncio.Event()

    async def endless() -> None:
        started.set()
        await asyncio.Event().wait()

    task = tasks.start(endless(), "endless")
    await started.wait()
    await tasks.close(0.0)
    assert task.cancelled()
