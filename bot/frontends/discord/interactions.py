"""Where interactions arrive: each is acknowledged in time, done by the studio, and answered in the member's words."""

from __future__ import annotations

import difflib
import io
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import InteractionResponseType as Response
from discord import app_commands

from bot.commands.parsing import draw_request
from bot.commands.table import Option
from bot.errors import Refused
from bot.frontends.discord.address import Interaction, origin
from bot.frontends.discord.buttons import Action
from bot.frontends.discord.permissions import may_manage, may_tidy
from bot.frontends.discord.text import CONTENT_MAX, shown
from bot.jobs.job import Job
from bot.replies.replies import Replies

if TYPE_CHECKING:
    from bot.app import Application

COMPLETIONS = 25
COMPLETION_MAX = 100

log = logging.getLogger(__name__)


class InteractionHandler:
    """Does what an interaction asks for."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._commands = {
            ("help",): self._help,
            ("quota",): self._quota,
            ("cancel",): self._cancel,
            ("adapter", "list"): self._adapter_list,
            ("adapter", "info"): self._adapter_info,
            ("adapter", "use"): self._adapter_use,
        }
        self._buttons = {"again": self._again, "delete": self._delete, "cancel": self._stop}

    async def run(self, interaction: Interaction, path: tuple[str, ...], values: Mapping[str, Any]) -> None:
        """A command of the table with its options."""
        async with self._answering(interaction):
            if path in self._commands:
                await interaction.response.defer(ephemeral=True)
                await self._commands[path](interaction, values)
            else:
                await self._draw(interaction, path[0], values)

    async def press(self, interaction: Interaction, action: Action, job_id: str) -> None:
        """A button under the message of that job."""
        async with self._answering(interaction):
            await self._buttons[action](interaction, job_id)

    async def complete(self, interaction: Interaction, option: Option, typed: str) -> list[app_commands.Choice[str]]:
        """Choices of the option, or adapters, whose name holds what was typed; those that start with it first.

        Where none does, those that are spelled alike.
        """
        if not may_manage(interaction):
            return []
        part = typed.casefold().strip()
        names = option.choices or await self._app.adapter_choice.names()
        found = [name for name in names if part in name.casefold()] or difflib.get_close_matches(part, names)
        found.sort(key=lambda name: not name.casefold().startswith(part))
        return [app_commands.Choice(name=name, value=name) for name in found if len(name) <= COMPLETION_MAX][
            :COMPLETIONS
        ]

    async def failed(self, interaction: Interaction, error: BaseException) -> None:
        """Apologises for a fault of ours; the id leads to it in the log."""
        incident = secrets.token_hex(4)
        log.error("incident %s in an interaction", incident, exc_info=error)
        with suppress(discord.HTTPException):
            await self._tell(interaction, self._replies(interaction).say("mistake", id=incident))

    @asynccontextmanager
    async def _answering(self, interaction: Interaction) -> AsyncIterator[None]:
        """Whatever goes wrong inside is told to the member alone."""
        try:
            yield
        except Refused as refused:
            await self._tell(interaction, self._replies(interaction).explain(refused))
        except Exception as error:
            await self.failed(interaction, error)

    def _replies(self, interaction: Interaction) -> Replies:
        return self._app.replies.for_locale(str(interaction.locale))

    async def _tell(self, interaction: Interaction, text: str) -> None:
        """Words that only the member sees. An announced public answer goes first, or they would fill it."""
        if not interaction.response.is_done():
            await interaction.response.send_message(shown(text), ephemeral=True)
            return
        if interaction.response.type is Response.deferred_channel_message:
            await interaction.delete_original_response()
        await interaction.followup.send(shown(text), ephemeral=True)

    async def _answer(self, interaction: Interaction, text: str) -> None:
        """Fills the announced ephemeral answer; what is too long for a message comes as a file."""
        if len(shown(text)) < CONTENT_MAX:
            await interaction.edit_original_response(content=shown(text))
            return
        file = discord.File(io.BytesIO(text.encode()), "sanggar.txt")
        await interaction.edit_original_response(content=shown(text)[:1000] + "…", attachments=[file])

    async def _announce(self, interaction: Interaction) -> int:
        """Acknowledges with "thinking"; the id of the message that will hold the job."""
        announced = await interaction.response.defer(thinking=True)
        if announced is not None and announced.message_id is not None:
            return announced.message_id
        return (await interaction.original_response()).id

    async def _draw(self, interaction: Interaction, style: str, values: Mapping[str, Any]) -> None:
        message = await self._announce(interaction)
        request = draw_request(style, values, self._app.catalogue.commands)
        await self._app.studio.submit(origin(interaction, message), request)

    async def _again(self, interaction: Interaction, job_id: str) -> None:
        """For its author also in the private chat where a picture went that could not be posted in its place."""
        message = await self._announce(interaction)
        asker, job = origin(interaction, message), await self._app.studio.job(job_id)
        if job is not None and is_author(interaction, job):
            asker = replace(asker, place=job.origin.place)
        await self._app.studio.again(asker, job_id)

    async def _delete(self, interaction: Interaction, job_id: str) -> None:
        await interaction.response.defer()
        job = await self._app.studio.job(job_id)
        if not (is_author(interaction, job) or may_tidy(interaction)):
            raise Refused("not-yours")
        await interaction.delete_original_response()

    async def _stop(self, interaction: Interaction, job_id: str) -> None:
        await interaction.response.defer()
        stopped = await self._app.studio.cancel(origin(interaction), job_id)
        if not stopped:
            await self._tell(interaction, self._replies(interaction).stopped(stopped))

    async def _help(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        await self._answer(interaction, self._replies(interaction).help(self._app.catalogue.commands, dashes=False))

    async def _quota(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        quota = await self._app.limits.quota("discord", str(interaction.user.id))
        await self._answer(interaction, self._replies(interaction).quota(quota))

    async def _cancel(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        stopped = await self._app.studio.cancel(origin(interaction), values.get("job"))
        await self._answer(interaction, self._replies(interaction).stopped(stopped))

    async def _adapter_list(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        listing = await self._app.adapter_choice.list(origin(interaction), allowed=may_manage(interaction))
        await self._answer(interaction, self._replies(interaction).adapter_list(listing))

    async def _adapter_info(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        allowed = may_manage(interaction)
        adapter = await self._app.adapter_choice.info(origin(interaction), values["adapter"], allowed=allowed)
        await self._answer(interaction, self._replies(interaction).adapter_info(adapter))

    async def _adapter_use(self, interaction: Interaction, values: Mapping[str, Any]) -> None:
        allowed, asker = may_manage(interaction), origin(interaction)
        change = await self._app.adapter_choice.use(asker, values["style"], values["adapter"], allowed=allowed)
        await self._answer(interaction, self._replies(interaction).adapter_used(change))


def is_author(interaction: Interaction, job: Job | None) -> bool:
    """Whether the member asked for that job."""
    return job is not None and job.origin.platform == "discord" and job.origin.user == str(interaction.user.id)
