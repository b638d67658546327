"""Connecting, and what may be wrong with it."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Application
from bot.frontends.discord import DiscordFrontend
from bot.settings import SettingsError
from tests.bot.frontends.discord.looks import Make, Start, drawn
from tests.discord_server import LocalDiscord
from tests.discord_server.gateway import GUILDS


async def test_a_wrong_token_is_explained_without_showing_it(make: Make) -> None:
    async with make(discord_token="MTE.wrong.token") as app:
        with pytest.raises(SettingsError, match="SANGGAR_DISCORD_TOKEN") as caught:
            await DiscordFrontend(app).run()
    assert "MTE.wrong.token" not in str(caught.value)


async def test_a_token_that_is_withdrawn_is_explained(discord: LocalDiscord, make: Make) -> None:
    async with make() as app:
        serving = asyncio.create_task(DiscordFrontend(app).run())
        await discord.until(lambda: discord.sockets.identified)
        await discord.sockets.disconnect(4004)
        with pytest.raises(SettingsError, match="SANGGAR_DISCORD_TOKEN"):
            await serving


async def test_the_bot_reads_no_messages(discord: LocalDiscord, bot: Application) -> None:
    [session] = discord.sockets.sessions.values()
    assert session.intents == GUILDS


async def test_a_gateway_of_ones_own_is_used(discord: LocalDiscord, start: Start) -> None:
    async with start(discord_gateway=discord.gateway):
        await drawn(discord)
    assert discord.state.count("GET", "/gateway/bot") == 0


async def test_a_discord_out_of_order_is_tried_again(discord: LocalDiscord, start: Start) -> None:
    broken = discord.fail("GET", "/users/@me$", 503, times=3)
    async with start():
        await drawn(discord)
    assert broken.hits == 3


async def test_closing_ends_the_attempts(discord: LocalDiscord, bot: Application) -> None:
    discord.fail("GET", "/users/@me$", 503)
    waiting = DiscordFrontend(bot)
    serving = asyncio.create_task(waiting.run())
    await discord.until(lambda: discord.state.count("GET", "/users/@me", 503))
    await waiting.close()
    await serving
