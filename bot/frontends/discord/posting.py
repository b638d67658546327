"""Puts one answer where the member will see it: the job's own message, else a new one there, else a direct message."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import discord
from discord.utils import time_snowflake

from bot.frontends.discord.address import Address, is_fresh
from bot.frontends.discord.text import CONTENT_MAX, clip
from bot.frontends.discord.uploads import Upload, stem
from bot.jobs.courier import Undeliverable
from bot.jobs.job import Job

UNKNOWN_MESSAGE = 10008
TOKEN_GONE = frozenset({UNKNOWN_MESSAGE, 10015, 50027})
"""Error codes that say: not through this interaction any more (message or token gone)."""
NEWEST = 100
"""Messages of a channel that are looked through for pictures that were posted already: one request."""


@dataclass(frozen=True, slots=True)
class MessageContent:
    """What stands in the message in the end; ``view`` has its buttons."""

    content: str
    view: discord.ui.View
    uploads: Sequence[Upload] = field(default_factory=tuple)

    def files(self) -> list[discord.File]:
        return [upload.file() for upload in self.uploads]


class Poster:
    """``client`` is logged in."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def edit(self, job: Job, **fields: Any) -> None:
        """Edits the answer of the job's interaction while its token lives; raises discord.HTTPException."""
        address = Address.of(job)
        assert self._client.application_id is not None
        webhook = discord.Webhook.partial(self._client.application_id, address.token, client=self._client)
        message: Any = address.message or "@original"
        await webhook.edit_message(message, allowed_mentions=discord.AllowedMentions.none(), **fields)

    async def post(self, job: Job, answer: MessageContent) -> str:
        """Posts the answer; returns ``channel/message``. Raises Undeliverable, and discord.HTTPException otherwise."""
        address = Address.of(job)
        if is_fresh(job) and await self._through_token(job, answer):
            return f"{address.channel}/{address.message}"
        channel = self._client.get_partial_messageable(address.channel)
        stale = channel.get_partial_message(address.message) if address.message else None
        try:
            if stale and await self._holds_pictures(stale, job) and answer.uploads:
                return f"{address.channel}/{address.message}"
        except discord.NotFound as error:
            posted = await self._posted_earlier(channel, job) if answer.uploads else None
            if posted is None:
                raise Undeliverable("undeliverable-removed") from error
            return f"{posted.channel.id}/{posted.id}"
        try:
            posted = await self._afresh(channel, job, answer)
        except Undeliverable:
            if stale is None or not await self._rewrite(stale, answer):
                raise
            return f"{address.channel}/{address.message}"
        if stale:
            await self._discard(stale)
        return f"{posted.channel.id}/{posted.id}"

    async def _afresh(self, channel: discord.PartialMessageable, job: Job, answer: MessageContent) -> discord.Message:
        """In the channel, else as a direct message; raises Undeliverable."""
        try:
            return await self._send(channel, job, answer)
        except (discord.Forbidden, discord.NotFound):
            return await self._direct(job, answer)

    async def _rewrite(self, stale: discord.PartialMessage, answer: MessageContent) -> bool:
        """Whether the message that still says how far the drawing is shows the answer now: where the bot may no longer
        write and the member takes no direct messages, it may still edit its own."""
        try:
            await stale.edit(content=answer.content, attachments=answer.files(), view=answer.view)
        except discord.HTTPException:
            return False
        return True

    async def _through_token(self, job: Job, answer: MessageContent) -> bool:
        try:
            await self.edit(job, content=answer.content, attachments=answer.files(), view=answer.view)
        except discord.HTTPException as error:
            if is_removed(job, error):
                raise Undeliverable("undeliverable-removed") from error
            if error.code in TOKEN_GONE or error.status in {401, 403, 404}:
                return False
            raise
        return True

    async def _holds_pictures(self, message: discord.PartialMessage, job: Job) -> bool:
        """Whether they were posted just before the bot stopped, and only the journal did not learn of it.

        Raises discord.NotFound if the message was deleted: by whoever wants no picture, or by us after posting it.
        """
        try:
            found = await message.fetch()
        except (discord.Forbidden, discord.NotFound) as error:
            if is_removed(job, error):
                raise
            return False
        return holds_pictures(found, job)

    async def _send(self, channel: discord.abc.Messageable, job: Job, answer: MessageContent) -> discord.Message:
        """A message of its own, which calls the member. Not a second one, where only the answer to an earlier request
        was lost: Discord recognises the nonce for some minutes, and we the files among the newest messages."""
        if answer.uploads and (earlier := await self._posted_earlier(channel, job)):
            return earlier
        user = discord.Object(int(job.origin.user))
        return await channel.send(
            clip(f"<@{user.id}> {answer.content}", CONTENT_MAX),
            files=answer.files(),
            view=answer.view,
            suppress_embeds=True,
            nonce=job.id,
            allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=[user], replied_user=False),
        )

    async def _posted_earlier(self, channel: discord.abc.Messageable, job: Job) -> discord.Message | None:
        assert self._client.user is not None
        oldest = time_snowflake(datetime.fromtimestamp(job.created_at, UTC))
        try:
            async for message in channel.history(limit=NEWEST):
                if message.id <= oldest:
                    return None
                if message.author.id == self._client.user.id and holds_pictures(message, job):
                    return message
        except (discord.Forbidden, discord.NotFound):
            return None
        return None

    async def _direct(self, job: Job, answer: MessageContent) -> discord.Message:
        try:
            private = await self._client.create_dm(discord.Object(int(job.origin.user)))
            return await self._send(private, job, answer)
        except discord.Forbidden as error:
            raise Undeliverable("undeliverable-permission") from error
        except discord.NotFound as error:
            raise Undeliverable("undeliverable-gone") from error

    async def _discard(self, message: discord.PartialMessage) -> None:
        """The message that still says how far the drawing is; it may be gone, or not ours to remove."""
        with suppress(discord.HTTPException):
            await message.delete()


def holds_pictures(message: discord.Message, job: Job) -> bool:
    return any(attachment.filename.startswith(stem(job)) for attachment in message.attachments)


def is_removed(job: Job, error: Exception) -> bool:
    """Whether somebody has deleted the message in which the job lived."""
    unknown = isinstance(error, discord.HTTPException) and error.code == UNKNOWN_MESSAGE
    return unknown and Address.of(job).message != 0
