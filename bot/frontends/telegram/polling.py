"""Long polling. An update is confirmed to Telegram once it is written down, so that a crash loses none and no chat
waits for another; one that comes twice is told apart by its ``source`` (see ``address.origin``).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.errors import Refused
from bot.frontends.telegram.inbox import Inbox
from bot.frontends.telegram.rate_limiter import PAUSES, seconds
from bot.frontends.telegram.tasks import Tasks

WANTED = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY)
POLL_SECONDS = 50
CONFLICT_PAUSE = 5.0

log = logging.getLogger(__name__)


class UpdatePoller:
    """Fetches updates and hands each to ``handle``: a chat's in order, different chats at the same time.

    ``handle`` raises Refused for what cannot be dealt with before the next start; it stays in the inbox until then.
    """

    def __init__(
        self, bot: ExtBot[Any], handle: Callable[[Update], Awaitable[None]], tasks: Tasks, inbox: Inbox
    ) -> None:
        self._bot = bot
        self._handle = handle
        self._tasks = tasks
        self._inbox = inbox
        self._offset = 0
        self._failures = 0
        self._closing = asyncio.Event()
        self._chats: dict[int, deque[Update]] = {}

    async def run(self) -> None:
        """Until ``close``; raises InvalidToken."""
        self._serve(await self._inbox.waiting())
        while not self._closing.is_set():
            if updates := await self._unless_closing(self._fetch()):
                await self._keep(updates)
                self._offset = updates[-1].update_id + 1
                self._serve(updates)
        with suppress(TelegramError):  # what was written down would come again, and be recognised
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

    async def _keep(self, updates: Sequence[Update]) -> None:
        """Write them down, however long the database cannot be written; until then Telegram keeps them."""
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            try:
                await self._inbox.keep(updates)
            except sqlite3.Error:
                log.exception("updates could not be written down; trying again in %.0f s", pause)
                await asyncio.sleep(pause)
            else:
                return

    def _serve(self, updates: Sequence[Update]) -> None:
        """Each chat's updates stand behind those that it sent before."""
        for update in updates:
            chat = update.effective_chat.id if update.effective_chat else 0
            if chat in self._chats:
                self._chats[chat].append(update)
            else:
                self._chats[chat] = deque([update])
                self._tasks.start(self._in_order(chat), "telegram updates")

    async def _in_order(self, chat: int) -> None:
        updates = self._chats[chat]
        while updates and not self._closing.is_set():
            try:
                await self._handle(updates[0])
            except Refused:  # the studio stops: this one and what follows wait for the next start
                self.close()
                return
            except Exception:
                log.exception("update %s was not dealt with", updates[0].update_id)
            await self._done(updates.popleft())
        del self._chats[chat]

    async def _done(self, update: Update) -> None:
        try:
            await self._inbox.remove(update.update_id)
        except sqlite3.Error:
            log.exception("update %s is dealt with but could not be removed", update.update_id)
