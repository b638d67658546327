"""The connection to Telegram: its addresses, its token, its beginning and its end."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from telegram.error import InvalidToken

from bot.app import Application
from bot.frontends.telegram import TelegramFrontend
from bot.frontends.telegram.frontend import make_bot
from bot.frontends.telegram.rate_limiter import ChatRateLimiter
from tests.bot.frontends.telegram.conftest import QuickPace
from tests.bot.frontends.telegram.reading import PROMPT, draw
from tests.kit.settings import bot_settings
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN


@pytest.mark.parametrize(
    ("changes", "api", "files"),
    [
        ({}, "https://api.telegram.org/bot", "https://api.telegram.org/file/bot"),
        ({"telegram_api": "http://here:8081"}, "http://here:8081/bot", "http://here:8081/file/bot"),
        (
            {"telegram_api": "http://here:8081", "telegram_file_api": "http://there"},
            "http://here:8081/bot",
            "http://there/bot",
        ),
    ],
)
def test_a_local_bot_api_server_has_addresses_of_its_own(changes: dict[str, str], api: str, files: str) -> None:
    told = bot_settings(telegram_token=TOKEN, **changes)
    bot = make_bot(told, ChatRateLimiter())
    assert (bot.base_url, bot.base_file_url) == (api + TOKEN, files + TOKEN)


async def test_a_wrong_token_is_told_without_showing_it(
    telegram: TelegramServer, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for token in ("4242:another-token", "no-token-at-all", " "):
        told = bot_settings(**settings | {"telegram_token": token})
        async with Application(told) as app:
            with pytest.raises(InvalidToken) as error:
                await TelegramFrontend(app, QuickPace()).run()
        assert str(error.value) == "Telegram does not know this token"
    assert "another-token" not in "".join(record.getMessage() for record in caplog.records if record.levelno > 10)


async def test_a_network_that_is_away_from_the_start_does_not_keep_us_from_stopping(
    telegram: TelegramServer, settings: dict[str, Any]
) -> None:
    telegram.fail("getMe", 502, "Bad Gateway", times=10**6)
    told = bot_settings(**settings)
    async with Application(told) as app:
        frontend = TelegramFrontend(app, QuickPace())
        serving = asyncio.create_task(frontend.run())
        await telegram.until(lambda: len(telegram.called("getMe")) == 3)
        await frontend.close()
        await asyncio.wait([serving])
    assert serving.cancelled()


@pytest.mark.usefixtures("bot")
async def test_polling_goes_on_after_trouble(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    telegram.fail("getUpdates", 502, "Bad Gateway")
    telegram.fail("getUpdates", 0)
    assert (await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT}")).file is not None
