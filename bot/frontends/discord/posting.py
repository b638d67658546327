"""Puts one answer where the member will see it: the job's own message, else a new one there, else a direct message."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.frontends.discord.address import Address, is_fresh
from bot.frontends.discord.text import CONTENT_MAX, clip
from bot.frontends.discord.uploads import Upload, stem
from bot.jobs.courier import Undeliverable
from bot.jobs.job import Job

TOKEN_GONE = frozenset({10008, 10015, 50027})
"""Error codes that say: not through this interaction any more (message or token gone)."""
NEWEST = 100
"""Messages of a channel that are looked through for pictures that were posted already: one request."""


@dataclass(frozen=True, slots=True)
class Answer:
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
        await webhook.edit_message(address.message, allowed_mentions=discord.AllowedMentions.none(), **fields)

    async def post(self, job: Job, answer: Answer) -> str:
        """Posts the answer; returns ``channel/message``. Raises Undeliverable, and discord.HTTPException otherwise."""
        address = Address.of(job)
        if is_fresh(job) and await self._through_token(job, answer):
            return f"{address.channel}/{address.message}"
        channel = self._client.get_partial_messageable(address.channel)
        stale = channel.get_partial_message(address.message)
        if answer.uploads and await self._holds_pictures(stale, job):
            return f"{address.channel}/{address.message}"
        try:
            posted = await self._send(channel, job, answer)
        except (discord.Forbidden, discord.NotFound):
            posted = await self._direct(job, answer)
        await self._discard(stale)
        return f"{posted.channel.id}/{posted.id}"

    async def _through_token(self, job: Job, answer: Answer) -> bool:
        try:
            await self.edit(job, content=answer.content, attachments=answer.files(), view=answer.view)
        except discord.HTTPException as error:
            if error.code in TOKEN_GONE or error.status in {401, 403, 404}:
                return False
            raise
        return True

    async def _holds_pictures(self, message: discord.PartialMessage, job: Job) -> bool:
        """Whether they were posted just before the bot stopped, and only the journal did not learn of it."""
        try:
            found = await message.fetch()
        except (discord.Forbidden, discord.NotFound):
            return False
        return holds_pictures(found, job)

    async def _send(self, channel: discord.abc.Messageable, job: Job, answer: Answer) -> discord.Message:
        """A message of its own, which calls the member. Not a second one, where only the answer to an earlier request
        was lost: Discord recognises the nonce for some minutes, and we the files among the newest messages."""
        if answer.uploads and (earlier := await self._posted_earlier(channel, job)):
            return earlier
        user = discord.Object(int(job.origin.user))
        return await channel.send(
            clip(f"<@{user.id}> {answer.content}", CONTENT_MAX),
            files=answer.files(),
            view=answer.view,
            nonce=job.id,
            allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=[user], replied_user=False),
        )

    async def _posted_earlier(self, channel: discord.abc.Messageable, job: Job) -> discord.Message | None:
        assert self._client.user is not None
        try:
            async for message in channel.history(limit=NEWEST):
                if message.id <= Address.of(job).message:
                    return None
                if message.author.id == self._client.user.id and holds_pictures(message, job):
                    return message
        except (discord.Forbidden, discord.NotFound):
            return None
        return None

    async def _direct(self, job: Job, answer: Answer) -> discord.Message:
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
