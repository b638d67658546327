"""Long polling. An update is confirmed to Telegram only once it has been dealt with, so a crash loses none; what
comes twice because of that is told apart by its ``source`` (see ``people.origin``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.errors import Refused
from bot.frontends.telegram.rate_limiter import PAUSES, seconds
from bot.frontends.telegram.tasks import Tasks

WANTED = (Update.MESSAGE, Update.CALLBACK_QUERY)
"""Edited messages are not among them: an edit does not draw again."""
POLL_SECONDS = 50
BATCH_SECONDS = 5.0
"""How long the next updates wait for the last ones. What takes longer (a flooded chat) goes on beside them."""
CONFLICT_PAUSE = 5.0

log = logging.getLogger(__name__)


class UpdatePoller:
    """Fetches updates and hands each to ``handle``: a chat's in order, different chats at the same time.

    ``handle`` raises Refused for what cannot be dealt with before the next start.
    """

    def __init__(self, bot: ExtBot[Any], handle: Callable[[Update], Awaitable[None]], tasks: Tasks) -> None:
        self._bot = bot
        self._handle = handle
        self._tasks = tasks
        self._offset = 0
        self._failures = 0
        self._closing = asyncio.Event()
        self._put_off: list[int] = []

    async def run(self) -> None:
        """Until ``close``; raises InvalidToken."""
        while not self._closing.is_set():
            if updates := await self._unless_closing(self._fetch()):
                await self._serve(updates)
                self._offset = min([*self._put_off, updates[-1].update_id + 1])
        with suppress(TelegramError):  # what was dealt with would come again, and be recognised
            await self._bot.get_updates(offset=self._offset, timeout=0, limit=1)

    def close(self) -> None:
        """``run`` returns once the updates at hand are dealt with."""
        self._closing.set()

    async def _unless_closing(self, fetching: Awaitable[Sequence[Update]]) -> Sequence[Update]:
        fetch, closing = asyncio.ensure_future(fetching), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({fetch, closing}, return_when=asyncio.FIRST_COMPLETED)
            return fetch.result() if fetch.done() else ()
        finally:
            fetch.cancel()
            closing.cancel()
            await asyncio.gather(fetch, closing, return_exceptions=True)

    async def _fetch(self) -> Sequence[Update]:
        try:
            updates = await self._bot.get_updates(offset=self._offset, timeout=POLL_SECONDS, allowed_updates=WANTED)
        except InvalidToken:
            raise
        except TelegramError as error:
            await asyncio.sleep(self._pause(error))
            return ()
        self._failures = 0
        return updates

    def _pause(self, error: TelegramError) -> float:
        """Seconds until the next attempt."""
        self._failures += 1
        if isinstance(error, RetryAfter):
            return seconds(error)
        if isinstance(error, Conflict):
            log.warning("another program fetches this bot's updates: %s", error)
            return CONFLICT_PAUSE
        log.warning("Telegram cannot be reached (%s); trying again", type(error).__name__)
        return PAUSES[min(self._failures, len(PAUSES)) - 1] if isinstance(error, NetworkError) else PAUSES[-1]

    async def _serve(self, updates: Sequence[Update]) -> None:
        chats: dict[int, list[Update]] = {}
        for update in updates:
            chats.setdefault(update.effective_chat.id if update.effective_chat else 0, []).append(update)
        tasks = [self._tasks.start(self._in_order(chat), "telegram updates") for chat in chats.values()]
        await asyncio.wait(tasks, timeout=BATCH_SECONDS)

    async def _in_order(self, updates: Sequence[Update]) -> None:
        for update in updates:
            try:
                await self._handle(update)
            except Refused:  # the studio stops: this one and what follows wait for the next start
                self._put_off.append(update.update_id)
                self.close()
                return
            except Exception:
                log.exception("update %s was not dealt with", update.update_id)
