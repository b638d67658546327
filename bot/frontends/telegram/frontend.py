"""Telegram's side of the bot: its connection, and whatever runs on it."""

from __future__ import annotations

import asyncio
import logging

from telegram import LinkPreviewOptions, Update
from telegram.error import InvalidToken
from telegram.ext import Defaults, ExtBot
from telegram.request import HTTPXRequest

from bot.app import Application
from bot.engine_link.probe import EngineFailed
from bot.engine_link.tls import trusted
from bot.frontends.telegram import menu
from bot.frontends.telegram.button_presses import ButtonHandler
from bot.frontends.telegram.commands import Commands
from bot.frontends.telegram.inbox import Inbox
from bot.frontends.telegram.polling import UpdatePoller
from bot.frontends.telegram.rate_limiter import ChatRateLimiter, Urgency
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.tasks import Tasks
from bot.network import check_proxies
from bot.settings import Settings, SettingsError

API = "https://api.telegram.org"
CLOSE_SECONDS = 5.0
"""How long answers under way may take once we disconnect."""
CONNECTIONS = 64
"""Requests at the same time; a file that a chat uploads slowly must not hold up the others."""
DEFAULTS = Defaults(link_preview_options=LinkPreviewOptions(is_disabled=True))

log = logging.getLogger(__name__)


class TelegramFrontend:
    """``await run()`` serves until ``close()``."""

    def __init__(self, app: Application, rate_limiter: ChatRateLimiter | None = None) -> None:
        self._app = app
        self._rate_limiter = rate_limiter or ChatRateLimiter()
        self._poller: UpdatePoller | None = None
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Raises ``telegram.error.InvalidToken``, without the token in its text."""
        self._running = asyncio.current_task()
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and Telegram's hold the token
        try:
            async with make_bot(self._app.settings, self._rate_limiter) as bot:
                await self._serve(bot)
        except InvalidToken:
            raise InvalidToken("Telegram does not know this token") from None

    async def close(self) -> None:
        """Takes no more updates; ``run`` returns once the answers under way are sent, and is cancelled before it is
        connected."""
        if self._poller is not None:
            self._poller.close()
        elif self._running is not None:
            self._running.cancel()

    async def _serve(self, bot: ExtBot[Urgency]) -> None:
        tasks = Tasks()
        services = TelegramServices.of(self._app, bot, tasks)
        self._app.studio.attach("telegram", services.courier)
        self._poller = UpdatePoller(bot, Handler(services), tasks, Inbox(self._app.database, bot))
        following = tasks.start(menu.follow(bot, self._app), "the command menu")
        try:
            found = await self._app.studio.recover("telegram")
            log.info("connected to Telegram as @%s; unfinished jobs taken up: %d", bot.username, found)
            await bot.delete_webhook()
            await self._poller.run()
        finally:
            following.cancel()
            await tasks.close(CLOSE_SECONDS)


class Handler:
    """Hands an update to the part that answers it."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services
        self._commands = Commands(services)
        self._presses = ButtonHandler(services)

    async def __call__(self, update: Update) -> None:
        message, query = update.message, update.callback_query
        for seen in (message, query.message if query else None):
            if seen is not None:
                self._services.chats.see(seen)
        if query is not None:
            await self._presses.answer(query)
        elif message is not None and message.migrate_to_chat_id is not None:
            await self._services.chats.follow(message.chat_id, message.migrate_to_chat_id)
        elif message is not None:
            await self._commands.answer(message)
        elif update.edited_message is not None:
            await self._commands.answer_edit(update.edited_message)


def make_bot(settings: Settings, rate_limiter: ChatRateLimiter) -> ExtBot[Urgency]:
    """The connection; a local Bot API server has an address of its own.

    Raises InvalidToken for an empty token, SettingsError for proxies or certificates that cannot be used.
    """
    check_proxies()
    api = settings.telegram_api or API
    files = settings.telegram_file_api or f"{api}/file"
    token = settings.telegram_token.get_secret_value() if settings.telegram_token else ""
    try:
        tls = {"verify": trusted()}
    except EngineFailed as error:
        raise SettingsError(str(error)) from None
    return ExtBot(
        token,
        f"{api}/bot",
        f"{files}/bot",
        request=HTTPXRequest(CONNECTIONS, read_timeout=20.0, pool_timeout=30.0, httpx_kwargs=tls),
        get_updates_request=HTTPXRequest(httpx_kwargs=tls),
        rate_limiter=rate_limiter,
        defaults=DEFAULTS,
    )
