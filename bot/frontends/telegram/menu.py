"""The commands that Telegram offers while a member types ``/``, from the command table, in every language."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.app import Application
from bot.commands.table import CommandTable
from bot.locales import LOCALES
from bot.replies.replies import Catalogues, Replies

DEFAULT_LOCALE = "en"
SCOPES: tuple[tuple[BotCommandScope, bool], ...] = (
    (BotCommandScopeDefault(), False),
    (BotCommandScopeAllPrivateChats(), True),
    (BotCommandScopeAllChatAdministrators(), True),
)
"""Where, and whether moderators' commands are shown there."""
RETRY_SECONDS = 60.0
"""Before Telegram is told again of commands that it did not take."""

log = logging.getLogger(__name__)


def entries(table: CommandTable, replies: Replies, *, moderators: bool) -> list[BotCommand]:
    """The table in one language."""
    shown = [command for command in table if moderators or not command.moderators]
    return [BotCommand(command.name, replies.table(command.help)) for command in shown]


async def follow(bot: ExtBot[Any], app: Application) -> None:
    """Tells Telegram the commands, and again whenever they changed; runs until it is cancelled."""
    told: CommandTable | None = None
    while True:
        table = await app.catalogue.wait_for_change(told)
        try:
            await publish(bot, app.replies, table)
            told = table
        except TelegramError as error:
            log.warning("Telegram did not take our commands, next attempt in %.0f s: %s", RETRY_SECONDS, error)
            await asyncio.sleep(RETRY_SECONDS)


async def publish(bot: ExtBot[Any], catalogues: Catalogues, table: CommandTable) -> None:
    """Brings Telegram's lists up to date; what is the same there already is left alone."""
    for locale in LOCALES:
        language = None if locale == DEFAULT_LOCALE else locale
        for scope, moderators in SCOPES:
            wanted = entries(table, catalogues.for_locale(locale), moderators=moderators)
            if list(await bot.get_my_commands(scope, language)) != wanted:
                await bot.set_my_commands(wanted, scope, language)
