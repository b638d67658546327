"""Commands: what a member writes, and what they are told."""

from __future__ import annotations

import logging
import re

from telegram import Message
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.commands.parsing import parse
from bot.frontends.telegram.address import Address, moderates, origin
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.text import TEXT, fit, plain
from bot.handlers.answer import Answer, JobAccepted, Refusal
from bot.handlers.dispatch import answered
from bot.members.asker import Asker
from bot.members.origin import Origin
from bot.replies.answers import words

CALL = re.compile(r"/(?P<name>\w+)(?:@(?P<mention>\w+))?(?!\S)")

log = logging.getLogger(__name__)


class Commands:
    """Every command of the table."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services

    async def answer(self, message: Message) -> None:
        """Raises ``Refused("stopping")`` if the command has to wait for the next start."""
        if self._meant(message):
            place = origin(message)
            await self._show(place, due(await answered(self._carry_out(message, place))))

    def _meant(self, message: Message) -> bool:
        """Whether it is a command, and ours. A group may have other bots, whose commands we do not know."""
        call = CALL.match(message.text or "")
        if call is None or message.is_automatic_forward:
            return False
        if call["mention"]:
            return call["mention"].casefold() == self._services.bot.username.casefold()
        table = self._services.app.catalogue.commands
        return message.chat.type == ChatType.PRIVATE or table.find(call["name"]) is not None

    async def _carry_out(self, message: Message, origin: Origin) -> Answer:
        dispatcher = self._services.app.dispatcher
        invocation = parse(message.text or "", self._services.app.catalogue.commands)
        moderator = False
        if dispatcher.asks_rights(invocation.path):
            assert message.from_user is not None
            moderator = await moderates(self._services.bot, message.chat, message.from_user, message.sender_chat)
        return await dispatcher.handle(invocation, Asker(origin, moderator, moderator, Address.of(origin).source))

    async def _show(self, origin: Origin, answer: Answer) -> None:
        """The job's own message is the answer to a command that draws."""
        if isinstance(answer, JobAccepted):
            self._services.open(answer.job)
        elif text := words(answer, self._services.words(origin.locale), limit=TEXT):
            try:
                await self._services.chats.write(origin, plain(fit(text, TEXT)), urgency="answer")
            except TelegramError as error:
                log.warning("chat %s cannot be answered: %s", origin.place, error)


def due(answer: Answer) -> Answer:
    """The answer; raises ``Refused("stopping")`` if it has to wait for the next start."""
    if isinstance(answer, Refusal) and answer.refused.reason == "stopping":
        raise answer.refused
    return answer
