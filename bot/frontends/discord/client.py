"""The connection to Discord: no privileged intents, nothing cached that an interaction carries itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord import app_commands

from bot.commands.table import CommandTable
from bot.frontends.discord.address import Interaction
from bot.frontends.discord.buttons import JobButton, is_ours
from bot.frontends.discord.commands import plant
from bot.frontends.discord.courier import DiscordCourier
from bot.frontends.discord.interactions import InteractionHandler
from bot.frontends.discord.pauses import Pauses
from bot.frontends.discord.sync import sync
from bot.frontends.discord.translator import CatalogueTranslator

if TYPE_CHECKING:
    from bot.app import Application

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
"""We do not speak; nobody needs to hear that the libraries for it are missing."""
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
ANYONE = app_commands.AppInstallationType(guild=True, user=True)

log = logging.getLogger(__name__)


class Tree(app_commands.CommandTree["SanggarClient"]):
    """A command that Discord still shows and we no longer have is refused like a mistyped one."""

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        if isinstance(error, app_commands.CommandNotFound):
            await interaction.client.handler.run(interaction, (*error.parents, error.name), {})
        else:
            await interaction.client.handler.failed(interaction, error)


class SanggarClient(discord.AutoShardedClient):
    """``on_connected`` is called at each READY. A gateway of one's own gets one connection; Discord's, what it asks."""

    def __init__(self, app: Application, on_connected: Callable[[], Awaitable[Any]], pauses: Pauses) -> None:
        super().__init__(
            shard_count=1 if app.settings.discord_gateway else None,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=pauses.servers,
        )
        self.courier = DiscordCourier(self, app.replies, app.studio.stop, pauses.delivery)
        self.handler = InteractionHandler(app, self.courier)
        self._app = app
        self._pause = pauses.commands
        self._on_connected = on_connected
        self._tree = Tree(self, allowed_contexts=EVERYWHERE, allowed_installs=ANYONE)
        self._following: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        self.add_dynamic_items(JobButton)
        await self._tree.set_translator(CatalogueTranslator(self._app.replies))
        table = await self._tell_commands(None)
        self._following = asyncio.create_task(self._follow(table), name="commands on Discord")

    async def _tell_commands(self, told: CommandTable | None) -> CommandTable:
        """Waits until the command table differs from what Discord was told, and tells it; the table."""
        table = await self._app.catalogue.wait_for_change(told)
        plant(self._tree, self.handler, table)
        await sync(self, self._tree)
        return table

    async def _follow(self, told: CommandTable) -> None:
        """A style that appears while we are connected becomes a command."""
        while True:
            try:
                told = await self._tell_commands(told)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("Discord did not take our commands, next attempt in %.0f s: %s", self._pause, error)
                await asyncio.sleep(self._pause)

    async def on_interaction(self, interaction: Interaction) -> None:
        """A press that discord.py hands to no button, because the message has none like it, is answered as well."""
        if interaction.type is discord.InteractionType.component and not is_ours(interaction):
            await self.handler.refuse(interaction, "button-too-old")

    async def on_ready(self) -> None:
        await self._on_connected()

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        await self.courier.close()
        await super().close()
