"""The platforms: does each accept its token, and how does the bot get into a server or a chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx

from bot.doctor.finding import Finding, bad, good, still_open
from bot.engine_link.probe import EngineFailed
from bot.engine_link.tls import trusted
from bot.network import check_proxies
from bot.settings import Settings, SettingsError

DISCORD_API = "https://discord.com/api"
TELEGRAM_API = "https://api.telegram.org"
PERMISSIONS = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Send Messages in Threads": 1 << 38,
}
"""What the bot needs in a Discord server; pictures that come late are ordinary messages."""
SCOPES = "bot applications.commands"


async def check_platforms(settings: Settings) -> AsyncIterator[Finding]:
    if settings.discord_token is None and settings.telegram_token is None:
        advice = "Get a token (README.md, Going live) and set one of the two below in .env."
        yield bad("platforms", "no platform has a token: the console is all there is", advice)
    try:
        check_proxies()
        client = httpx.AsyncClient(timeout=10, verify=trusted())
    except (SettingsError, EngineFailed) as error:
        yield bad("platforms", str(error), "Mend it in the environment, or unset it.")
        return
    async with client:
        yield await _discord(client, settings)
        yield await _telegram(client, settings)


async def _discord(client: httpx.AsyncClient, settings: Settings) -> Finding:
    if settings.discord_token is None:
        return still_open("discord", "SANGGAR_DISCORD_TOKEN is not set")
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        answer = await client.get(f"{settings.discord_api or DISCORD_API}/v10/users/@me", headers=headers)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            advice = "Copy it anew from the Bot page of your application: https://discord.com/developers/applications"
            return bad("discord", "refuses SANGGAR_DISCORD_TOKEN", advice)
        me = answer.raise_for_status().json()
        name, number = me["username"], me["id"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return _unreachable("discord", error)
    return good("discord", f"logged in as {name}", f"Invite it into a server: {invitation(number)}")


async def _telegram(client: httpx.AsyncClient, settings: Settings) -> Finding:
    if settings.telegram_token is None:
        return still_open("telegram", "SANGGAR_TELEGRAM_TOKEN is not set")
    token = settings.telegram_token.get_secret_value()
    try:
        answer = await client.get(f"{settings.telegram_api or TELEGRAM_API}/bot{token}/getMe")
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND}:
            return bad("telegram", "refuses SANGGAR_TELEGRAM_TOKEN", "Ask @BotFather for it again: /mybots, API Token.")
        name = answer.raise_for_status().json()["result"]["username"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        return _unreachable("telegram", error)
    return good("telegram", f"logged in as @{name}", f"Write to it, or add it to a group: https://t.me/{name}")


def invitation(application: str) -> str:
    """The address at which someone who manages a Discord server lets the bot in."""
    values = {"client_id": application, "scope": SCOPES, "permissions": sum(PERMISSIONS.values())}
    return f"https://discord.com/oauth2/authorize?{urlencode(values)}"


def _unreachable(name: str, error: Exception) -> Finding:
    """Without the error's text: it may hold the address, and a Telegram address holds the token."""
    status = f" {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else ""
    return bad(name, f"cannot be asked ({type(error).__name__}{status})", "Check the connection, and try again.")
