"""``/help``."""

from __future__ import annotations

from bot.commands.parsing import Invocation
from bot.handlers.answer import Answer, HelpShown
from bot.handlers.services import Services
from bot.members.asker import Asker


async def show_help(services: Services, invocation: Invocation, asker: Asker) -> Answer:
    return HelpShown(services.table)
