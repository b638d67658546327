"""How fast we write. A chat that must wait holds up nobody else.

Telegram allows about one message a second in a chat, 20 a minute in a group, and 30 a second over all. Whoever writes
more is told to wait, sometimes for minutes. python-telegram-bot's own limiter then halts every request of the bot.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bot.frontends.telegram.chat_budget import ChatBudget, SlidingWindow, Waiter

Priority = Literal["answer", "optional", "instant"]
"""How much a request matters; None must arrive.

answer: waits behind what must arrive, and is dropped if QUEUE_MAX others wait for the chat already.
optional: dropped when it would have to wait. instant: neither paced nor repeated.
"""


@dataclass(slots=True)
class Send:
    """A request that must arrive; ``repeated`` says afterwards whether Telegram may have carried it out twice."""

    repeated: bool = False


Urgency = Priority | Send
SENDS = frozenset({"sendMessage", "sendPhoto", "sendDocument", "sendMediaGroup"})
"""The requests that Telegram counts as messages."""
EDITS = frozenset({"editMessageText", "editMessageMedia", "editMessageCaption", "editMessageReplyMarkup"})
"""Requests that keep the chat's pace, but do not count towards its messages a minute."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before each further attempt when the network fails; the last one is repeated."""
PATIENCE = 3600.0
"""Seconds after which a message that the network fails is given up."""
QUEUE_MAX = 5

log = logging.getLogger(__name__)
Reply = bool | dict[str, Any] | list[dict[str, Any]]


class TooSoon(TelegramError):
    """An optional message or an answer that was dropped."""

    def __init__(self) -> None:
        super().__init__("dropped to keep the chat's pace")


class ChatRateLimiter(BaseRateLimiter[Urgency]):
    """Paces every request of the bot, waits where Telegram says so, and repeats what the network failed."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._budgets: dict[int, ChatBudget] = {}
        self._all = SlidingWindow(30, 1.0)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release: whoever waits is owned, and cancelled, by the caller."""

    async def process_request(  # noqa: PLR0917 - the library's signature
        self,
        callback: Callable[..., Coroutine[Any, Any, Reply]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Urgency | None,
    ) -> Reply:
        async def request() -> Reply:
            return await callback(*args, **kwargs)

        if rate_limit_args == "instant":
            return await request()
        if endpoint not in SENDS | EDITS:
            return await self._insist(request)
        budget = self._budget(int(data["chat_id"]))
        messages = len(data["media"]) if endpoint == "sendMediaGroup" else int(endpoint in SENDS)
        waiter = Waiter(int(rate_limit_args == "answer"), messages)
        if rate_limit_args == "optional":
            return await self._offer(request, budget, waiter)
        if rate_limit_args == "answer" and len(budget.waiting) >= QUEUE_MAX:
            raise TooSoon
        budget.waiting.append(waiter)
        try:
            send = rate_limit_args if isinstance(rate_limit_args, Send) else Send()
            return await self._insist(lambda: self._in_turn(request, budget, waiter), budget, send)
        finally:
            budget.waiting.remove(waiter)
            budget.changed.set()

    def _budget(self, chat: int) -> ChatBudget:
        now = self._clock()
        if len(self._budgets) > 1000:
            self._budgets = {number: budget for number, budget in self._budgets.items() if not budget.idle(now)}
        return self._budgets.setdefault(chat, ChatBudget(group=chat < 0))

    async def _offer(self, request: Callable[[], Awaitable[Reply]], budget: ChatBudget, waiter: Waiter) -> Reply:
        now = self._clock()
        if not budget.spare(now, waiter) or self._all.free_at(now) > now:
            raise TooSoon
        self._note(budget, waiter)
        try:
            return await request()
        except RetryAfter as error:
            budget.silent_until = self._clock() + seconds(error)
            raise TooSoon from error

    async def _insist(
        self, request: Callable[[], Awaitable[Reply]], budget: ChatBudget | None = None, send: Send | None = None
    ) -> Reply:
        """Until it is answered, if only with a refusal."""
        started, failures = self._clock(), 0
        while True:
            try:
                return await request()
            except RetryAfter as error:
                log.warning("Telegram asks for %.0f s of silence", seconds(error))
                if budget is None:
                    await self._sleep(seconds(error))
                else:
                    budget.silent_until = self._clock() + seconds(error)
            except BadRequest:
                raise
            except NetworkError as error:
                if budget is not None and self._clock() - started > PATIENCE:
                    raise
                log.warning("Telegram cannot be reached (%s); trying again", type(error).__name__)
                if send is not None:
                    send.repeated = True
                await self._sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                failures += 1

    async def _in_turn(self, request: Callable[[], Awaitable[Reply]], budget: ChatBudget, waiter: Waiter) -> Reply:
        """The request's answer, once the chat and Telegram as a whole have room for it."""
        while not self._may_go(budget, waiter):
            now = self._clock()
            wait = max(budget.free_at(now, waiter), self._all.free_at(now)) - now
            if wait > 0:
                await self._sleep(wait)
            else:
                budget.changed.clear()
                await budget.changed.wait()
        self._note(budget, waiter)
        budget.sending = True
        try:
            return await request()
        finally:
            budget.sending = False
            budget.changed.set()

    def _may_go(self, budget: ChatBudget, waiter: Waiter) -> bool:
        now = self._clock()
        return budget.is_next(now, waiter) and self._all.free_at(now) <= now

    def _note(self, budget: ChatBudget, waiter: Waiter) -> None:
        now = self._clock()
        budget.note(now, waiter)
        self._all.note(now, max(1, waiter.messages))


def seconds(error: RetryAfter) -> float:
    """How long Telegram wants silence."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int) else wait.total_seconds()
