"""Commands: what a member writes, and what they are told."""

from __future__ import annotations

import logging
import re

from telegram import ForceReply, Message
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.commands.parsing import parse
from bot.commands.table import BASE_STYLE
from bot.errors import Refused
from bot.frontends.telegram.address import Address, moderates, origin
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.text import TEXT, fit, plain
from bot.handlers.answer import Answer, JobAccepted, Refusal
from bot.handlers.dispatch import answered
from bot.locales import LOCALES
from bot.members.asker import Asker
from bot.members.origin import Origin
from bot.replies.answers import words

CALL = re.compile(r"/(?P<name>\w+)(?:@(?P<mention>\w+))?(?!\S)")
EXAMPLE = 200
"""UTF-16 units of what a member wrote that are repeated in an example."""

log = logging.getLogger(__name__)


class Commands:
    """Every command of the table."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services

    async def answer(self, message: Message) -> None:
        """Raises ``Refused("stopping")`` if the command has to wait for the next start."""
        if message.is_automatic_forward:
            return
        place = origin(message)
        if (text := self._command(message)) is None:
            await self._hint(message, place)
            return
        answer = due(await answered(self._carry_out(message, text, place)))
        bare = CALL.fullmatch(text.strip()) is not None
        await self._show(place, answer, asks=bare)
        if isinstance(answer, JobAccepted) and message.effective_attachment is not None:
            await self._say(place, self._services.words(place.locale).say("drawn-from-words"))

    async def answer_edit(self, message: Message) -> None:
        """An edit draws nothing, and says so."""
        call = CALL.match(message.text or "")
        command = (
            self._services.app.catalogue.commands.find(call["name"]) if call and self._ours(message, call) else None
        )
        if command is not None and command.style:
            place = origin(message)
            await self._say(place, self._services.words(place.locale).say("edit-not-drawn"))

    def _command(self, message: Message) -> str | None:
        """The command that the message is; None if it is none, or not ours."""
        text = message.text or message.caption or ""
        call = CALL.match(text)
        if call is not None:
            return text if self._ours(message, call) else None
        asked = message.reply_to_message
        if text and asked is not None and asked.from_user is not None and asked.from_user.id == self._services.bot.id:
            style = self._asked(asked.text or "")
            return style and f"{style} {text}"
        return None

    def _ours(self, message: Message, call: re.Match[str]) -> bool:
        """A group may have other bots, whose commands we do not know."""
        if call["mention"]:
            return call["mention"].casefold() == self._services.bot.username.casefold()
        table = self._services.app.catalogue.commands
        return message.chat.type == ChatType.PRIVATE or table.find(call["name"]) is not None

    def _asked(self, question: str) -> str | None:
        """The command, such as ``/kancil``, for which this message of ours asks a prompt; None if it asks nothing."""
        styles = [f"/{style.name}" for style in self._services.app.catalogue.commands.styles]
        for locale in LOCALES:
            replies = self._services.words(locale)
            for style in styles:
                if replies.explain(Refused("missing-prompt", command=style)) == question:
                    return style
        return None

    async def _hint(self, message: Message, place: Origin) -> None:
        """What is no command is answered where it can only be meant for us: in a private chat, or with our name."""
        text, replies = message.text or message.caption or "", self._services.words(place.locale)
        name = f"@{self._services.bot.username}".casefold()
        mentioned = text.casefold().split(maxsplit=1)[:1] == [name]
        if CALL.match(text) or not (mentioned or message.chat.type == ChatType.PRIVATE):
            return
        wish = text[len(name) :].strip() if mentioned else text.strip()
        if message.effective_attachment is not None:
            await self._say(place, replies.say("only-words", example=f"/{BASE_STYLE} {replies.say('example-draw')}"))
        elif text:
            wish = fit(" ".join(wish.split()), EXAMPLE) or replies.say("example-draw")
            await self._say(place, replies.say("start-with-command", example=f"/{BASE_STYLE} {wish}"))

    async def _carry_out(self, message: Message, text: str, origin: Origin) -> Answer:
        dispatcher = self._services.app.dispatcher
        invocation = parse(text, self._services.app.catalogue.commands)
        moderator = False
        if dispatcher.asks_rights(invocation.path):
            assert message.from_user is not None
            moderator = await moderates(self._services.bot, message.chat, message.from_user, message.sender_chat)
        anonymous = message.sender_chat is not None and message.sender_chat.id == message.chat_id
        asker = Asker(origin, moderator, moderator, Address.of(origin).source, shared=anonymous)
        return await dispatcher.handle(invocation, asker)

    async def _show(self, origin: Origin, answer: Answer, *, asks: bool) -> None:
        """The job's own message is the answer to a command that draws. asks: for the prompt that a bare command lacks;
        the member's reply to the question is drawn."""
        replies = self._services.words(origin.locale)
        if isinstance(answer, JobAccepted):
            self._services.open(answer.job)
        elif text := words(answer, replies, limit=TEXT):
            question = asks and isinstance(answer, Refusal) and answer.refused.reason == "missing-prompt"
            await self._say(origin, text, ForceReply(selective=True) if question else None)

    async def _say(self, origin: Origin, text: str, markup: ForceReply | None = None) -> None:
        try:
            await self._services.chats.write(origin, plain(fit(text, TEXT)), markup, urgency="answer")
        except TelegramError as error:
            log.warning("chat %s cannot be answered: %s", origin.place, error)


def due(answer: Answer) -> Answer:
    """The answer; raises ``Refused("stopping")`` if it has to wait for the next start."""
    if isinstance(answer, Refusal) and answer.refused.reason == "stopping":
        raise answer.refused
    return answer
