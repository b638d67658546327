"""The commands that Telegram offers while a member types ``/``, from the command table, in every language."""

from __future__ import annotations

from typing import Any

from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
)
from telegram.ext import ExtBot

from bot.commands import COMMANDS, LOCALES
from bot.replies import Catalogues, Replies

DEFAULT_LOCALE = "en"
SCOPES: tuple[tuple[BotCommandScope, bool], ...] = (
    (BotCommandScopeDefault(), False),
    (BotCommandScopeAllPrivateChats(), True),
    (BotCommandScopeAllChatAdministrators(), True),
)
"""Where, and whether moderators' commands are shown there."""


def entries(replies: Replies, *, moderators: bool) -> list[BotCommand]:
    """The table in one language."""
    shown = [command for command in COMMANDS if moderators or not command.moderators]
    return [BotCommand(command.name, replies.table(command.help)) for command in shown]


async def publish(bot: ExtBot[Any], catalogues: Catalogues) -> None:
    """Brings Telegram's lists up to date; what is the same there already is left alone."""
    for locale in LOCALES:
        language = None if locale == DEFAULT_LOCALE else locale
        for scope, moderators in SCOPES:
            wanted = entries(catalogues.for_locale(locale), moderators=moderators)
            if list(await bot.get_my_commands(scope, language)) != wanted:
                await bot.set_my_commands(wanted, scope, language)
