"""Where interactions arrive: each is acknowledged in time, carried out by its handler, and answered.

What everybody will see is answered only once it is known: a refusal is for the member alone, at once, and an accepted
job shows its first words and its Cancel button. What is slow is announced with "thinking".
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import InteractionResponseType as Response
from discord import app_commands

from bot.commands.buttons import Button
from bot.commands.parsing import Invocation
from bot.errors import Refused
from bot.frontends.discord.address import Address, Interaction
from bot.frontends.discord.courier import BROKEN, DiscordCourier
from bot.frontends.discord.permissions import asker
from bot.frontends.discord.text import CONTENT_MAX, shown
from bot.frontends.discord.uploads import originals
from bot.handlers.answer import Answer, JobAccepted, PictureFiles, Refusal, Removed, mistake
from bot.handlers.completing import complete
from bot.jobs.job import Job
from bot.replies.answers import words
from bot.replies.replies import Replies

if TYPE_CHECKING:
    from bot.app import Application

ACKNOWLEDGE_SECONDS = 2.0
"""How long a public answer may take before it is announced; Discord gives three seconds."""
COMPLETIONS = 25
COMPLETION_MAX = 100

log = logging.getLogger(__name__)


class InteractionHandler:
    """Answers every interaction."""

    def __init__(self, app: Application, courier: DiscordCourier) -> None:
        self._app = app
        self._courier = courier

    async def run(self, interaction: Interaction, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        """A command of the table with its options."""
        invocation = Invocation(path, {name: value for name, value in values.items() if value is not None})
        async with self._answering(interaction):
            if self._app.dispatcher.is_public(path):
                await self._publicly(interaction, self._app.dispatcher.handle(invocation, asker(interaction)))
            else:
                await interaction.response.defer(ephemeral=True)
                answer = await self._app.dispatcher.handle(invocation, asker(interaction))
                await self._fill(interaction, self._words(interaction, answer))

    async def press(self, interaction: Interaction, button: Button, job_id: str) -> None:
        """A button under the message of that job."""
        async with self._answering(interaction):
            if button is Button.AGAIN:
                again = asker(interaction, again=True)
                await self._publicly(interaction, self._app.dispatcher.press(button, job_id, again))
                return
            await interaction.response.defer(ephemeral=True, thinking=button is Button.FILE)
            answer = await self._app.dispatcher.press(button, job_id, asker(interaction))
            if isinstance(answer, Removed):
                await interaction.delete_original_response()
            elif isinstance(answer, PictureFiles) and answer.pngs:
                await self._send_files(interaction, answer)
            elif text := self._words(interaction, answer):
                await interaction.followup.send(shown(text), ephemeral=True)

    async def refuse(self, interaction: Interaction, reason: str) -> None:
        """Tells the member alone that this cannot be done."""
        async with self._answering(interaction):
            await self._tell(interaction, self._words(interaction, Refusal(Refused(reason))))

    async def complete(
        self, interaction: Interaction, path: tuple[str, ...], option: str, typed: str
    ) -> list[app_commands.Choice[str]]:
        """What the option may be, by what was typed of it."""
        found = await complete(self._app.dispatcher.services, path, option, typed, asker(interaction))
        choices = [(one.value, one.label or one.value) for one in found if len(one.value) <= COMPLETION_MAX]
        return [app_commands.Choice(name=label[:COMPLETION_MAX], value=value) for value, label in choices][:COMPLETIONS]

    async def failed(self, interaction: Interaction, error: BaseException) -> None:
        """Apologises for a fault of ours."""
        with suppress(discord.HTTPException):
            await self._tell(interaction, self._words(interaction, mistake(error)))

    @asynccontextmanager
    async def _answering(self, interaction: Interaction) -> AsyncIterator[None]:
        """Whatever goes wrong inside is told to the member alone."""
        try:
            yield
        except Exception as error:
            await self.failed(interaction, error)

    def _replies(self, interaction: Interaction) -> Replies:
        return self._app.replies.for_locale(str(interaction.locale))

    def _words(self, interaction: Interaction, answer: Answer) -> str:
        return words(answer, self._replies(interaction), dashes=False)

    async def _publicly(self, interaction: Interaction, work: Awaitable[Answer]) -> None:
        with self._courier.opening(interaction.token):
            answer = await in_time(interaction, work)
            if isinstance(answer, JobAccepted):
                await self._open(interaction, answer.job)
            else:
                await self._tell(interaction, self._words(interaction, answer))

    async def _open(self, interaction: Interaction, job: Job) -> None:
        """Shows the message in which the job will live. If Discord does not take it, the picture comes by itself."""
        content, view = self._courier.first_words(job)
        try:
            if interaction.response.is_done():
                message = (await interaction.edit_original_response(content=content, view=view)).id
            else:
                opened = await interaction.response.send_message(content, view=view, suppress_embeds=True)
                message = opened.message_id or 0
        except (discord.HTTPException, *BROKEN) as error:
            log.warning("job %s: its message is not answered for: %s", job.id, error)
            message = 0
        try:
            message = message or (await interaction.original_response()).id
        except (discord.HTTPException, *BROKEN) as error:
            log.warning("job %s has no message: %s", job.id, error)
            return
        await self._app.studio.move_answer(job, replace(Address.of(job), message=message).to_json())

    async def _tell(self, interaction: Interaction, text: str) -> None:
        """Words that only the member sees. An announced public answer goes first, or they would fill it."""
        if not interaction.response.is_done():
            await interaction.response.send_message(shown(text), ephemeral=True)
            return
        if interaction.response.type is Response.deferred_channel_message:
            await interaction.delete_original_response()
        await interaction.followup.send(shown(text), ephemeral=True)

    async def _fill(self, interaction: Interaction, text: str) -> None:
        """Fills the announced ephemeral answer; what is too long for a message comes as a file."""
        if len(shown(text)) < CONTENT_MAX:
            await interaction.edit_original_response(content=shown(text))
            return
        file = discord.File(io.BytesIO(text.encode()), "sanggar.txt")
        await interaction.edit_original_response(content=shown(text)[:1000] + "…", attachments=[file])

    async def _send_files(self, interaction: Interaction, answer: PictureFiles) -> None:
        """One message for each file: together they may be too much for one request."""
        for upload in originals(answer.job, answer.pngs):
            try:
                await interaction.followup.send(file=upload.file(), ephemeral=True)
            except discord.HTTPException as error:
                if error.status != 413:
                    raise
                text = self._replies(interaction).say("file-too-large", name=upload.name)
                await interaction.followup.send(shown(text), ephemeral=True)


async def in_time(interaction: Interaction, work: Awaitable[Answer]) -> Answer:
    """The answer; if it takes long, Discord shows "thinking" meanwhile."""
    answering = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait([answering], timeout=ACKNOWLEDGE_SECONDS)
        if not done:
            await interaction.response.defer(thinking=True)
        return await answering
    finally:
        answering.cancel()
