"""Commands: what a member writes, and what they are told."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable

from telegram import Message
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.commands.parsing import Invocation, draw_request, parse
from bot.commands.table import CommandTable
from bot.errors import Refused
from bot.frontends.telegram.address import Address, moderates, origin
from bot.frontends.telegram.services import TelegramServices
from bot.frontends.telegram.text import TEXT, fit, plain
from bot.jobs.job import Job
from bot.members.origin import Origin
from bot.replies.replies import Replies

CALL = re.compile(r"/(?P<name>\w+)(?:@(?P<mention>\w+))?(?!\S)")

log = logging.getLogger(__name__)


class Commands:
    """Every command of the table."""

    def __init__(self, services: TelegramServices) -> None:
        self._services = services

    @property
    def _table(self) -> CommandTable:
        return self._services.app.catalogue.commands

    async def answer(self, message: Message) -> None:
        """Raises ``Refused("stopping")`` where the command has to wait for the next start."""
        if not self._meant(message):
            return
        who = origin(message)
        replies = self._services.words(who.locale)
        await self._say(who, await explained(self._carry_out(message, who, replies), replies))

    def _meant(self, message: Message) -> bool:
        """Whether it is a command, and ours. A group may have other bots, whose commands we do not know."""
        call = CALL.match(message.text or "")
        if call is None or message.is_automatic_forward:
            return False
        if call["mention"]:
            return call["mention"].casefold() == self._services.bot.username.casefold()
        return message.chat.type == ChatType.PRIVATE or self._table.find(call["name"]) is not None

    async def _carry_out(self, message: Message, who: Origin, replies: Replies) -> str:
        """What to answer; nothing where the job's own message does."""
        call = parse(message.text or "", self._table)
        match call.path:
            case ("help",):
                return replies.help(self._table)
            case ("quota",):
                return replies.quota(await self._services.app.limits.quota("telegram", who.user))
            case ("cancel",):
                job = call.options.get("job")
                return replies.stopped(await self._services.app.studio.cancel(who, None if job is None else str(job)))
            case ("adapter", _):
                return await self._moderate(message, who, replies, call)
        request = draw_request(call.path[0], call.options, self._table)
        await accept(self._services, who, lambda key: self._services.app.studio.submit(who, request, key))
        return ""

    async def _moderate(self, message: Message, who: Origin, replies: Replies, call: Invocation) -> str:
        assert message.from_user is not None
        adapter_choice, given = self._services.app.adapter_choice, call.options
        allowed = await moderates(self._services.bot, message.chat, message.from_user, message.sender_chat)
        match call.path[1]:
            case "list":
                return replies.adapter_list(await adapter_choice.list(who, allowed=allowed), TEXT)
            case "info":
                return replies.adapter_info(await adapter_choice.info(who, str(given["adapter"]), allowed=allowed))
        style, adapter = str(given["style"]), str(given["adapter"])
        return replies.adapter_used(await adapter_choice.use(who, style, adapter, allowed=allowed))

    async def _say(self, who: Origin, text: str) -> None:
        try:
            if text:
                await self._services.chats.write(who, plain(fit(text, TEXT)), urgency="answer")
        except TelegramError as error:
            log.warning("chat %s cannot be answered: %s", who.place, error)


async def accept(services: TelegramServices, who: Origin, submit: Callable[[str | None], Awaitable[Job]]) -> None:
    """Accept a job, once for each update, and open the message in which it will live.

    submit: is given the key by which the job is known if the update comes again.
    """
    key = Address.of(who).source
    if key is None or await services.app.studio.accepted("telegram", key) is None:
        job = await submit(key)
        services.tasks.start(services.courier.open(job), f"message of job {job.id}")


async def explained(said: Awaitable[str], replies: Replies) -> str:
    """What is said, or why it could not be done, in the member's words. Raises ``Refused("stopping")``."""
    try:
        return await said
    except Refused as refused:
        if refused.reason == "stopping":
            raise
        return replies.explain(refused)
    except Exception:
        return apology(replies)


def apology(replies: Replies) -> str:
    """For a mistake of ours, inside its ``except``: what a member reads has nothing but a number to find it by."""
    number = secrets.token_hex(4)
    log.exception("mistake %s", number)
    return replies.say("mistake", id=number)
