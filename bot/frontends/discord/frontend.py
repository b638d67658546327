"""Serves Discord until told to stop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import INTERNAL_API_VERSION, Route

from bot.frontends.discord.client import SanggarClient
from bot.frontends.discord.pauses import PAUSES, Pauses
from bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from bot.app import Application

WRONG_TOKEN = 4004
UNREACHABLE = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)

log = logging.getLogger(__name__)


class DiscordFrontend:
    """``run`` connects, attaches the courier, recovers and serves until ``close``."""

    def __init__(self, app: Application, pauses: Pauses = PAUSES) -> None:
        self._app = app
        self._pauses = pauses
        self._serving: asyncio.Task[None] | None = None
        self._recovered = False
        use_addresses(app.settings)

    async def run(self) -> None:
        """Raises bot.settings.SettingsError where Discord does not accept the token."""
        self._serving = asyncio.create_task(self._serve(), name="discord")
        try:
            await asyncio.wait([self._serving])
        finally:
            self._serving.cancel()
            await asyncio.wait([self._serving])
        if not self._serving.cancelled():
            self._serving.result()

    async def close(self) -> None:
        """Disconnects; ``run`` returns."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    async def _serve(self) -> None:
        attempt = 0
        while True:
            try:
                return await self._connect()
            except discord.LoginFailure:
                raise wrong_token() from None
            except discord.ConnectionClosed as closed:
                if closed.code == WRONG_TOKEN:
                    raise wrong_token() from None
                raise
            except UNREACHABLE as error:
                pause = self._pauses.login[min(attempt, len(self._pauses.login) - 1)]
                log.warning("Discord cannot be reached (%s), next attempt in %.0f s", error, pause)
            attempt += 1
            await asyncio.sleep(pause)

    async def _connect(self) -> None:
        """One life of a client: discord.py reconnects by itself once it is logged in."""
        token = self._app.settings.discord_token
        if token is None:
            raise SettingsError("SANGGAR_DISCORD_TOKEN: not set")
        async with SanggarClient(self._app, self._recover, self._pauses) as client:
            self._app.studio.attach("discord", client.courier)
            await client.start(token.get_secret_value())

    async def _recover(self) -> None:
        """What was accepted before the last stop; once, however often Discord says READY."""
        if not self._recovered:
            self._recovered = True
            count = await self._app.studio.recover("discord")
            log.info("connected to Discord; unfinished jobs taken up: %d", count)


def use_addresses(settings: Settings) -> None:
    """Other addresses of Discord's API and gateway, for a proxy or a test; discord.py keeps them for the process."""
    if settings.discord_api:
        Route.BASE = f"{settings.discord_api}/v{INTERNAL_API_VERSION}"
    if settings.discord_gateway:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord_gateway)


def wrong_token() -> SettingsError:
    return SettingsError(
        "SANGGAR_DISCORD_TOKEN: Discord does not accept this token. Copy it anew from the Bot page of your "
        "application at https://discord.com/developers/applications (not the public key, not the client secret)."
    )
