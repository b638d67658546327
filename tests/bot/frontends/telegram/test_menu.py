"""The commands that Telegram offers while a member types."""

from __future__ import annotations

from bot.commands.table import BUILT_IN
from tests.bot.frontends.telegram.conftest import Start
from tests.telegram_server import TelegramServer

SCOPES = ("default", "all_private_chats", "all_chat_administrators")


async def test_every_command_is_offered_in_both_languages_where_it_may_be_used(
    telegram: TelegramServer, start: Start
) -> None:
    async with start():
        await telegram.until(lambda: len(telegram.commands) == 6)
    for scope in SCOPES:
        english, indonesian = telegram.commands[scope, ""], telegram.commands[scope, "id"]
        offered = {one.name for one in BUILT_IN if scope != "default" or not one.moderators}
        assert {entry["command"] for entry in english} == {entry["command"] for entry in indonesian} == offered
        assert all(one["description"] != other["description"] for one, other in zip(english, indonesian, strict=True))


async def test_what_telegram_has_already_is_not_sent_again(telegram: TelegramServer, start: Start) -> None:
    async with start():
        await telegram.until(lambda: len(telegram.commands) == 6)
    telegram.commands["default", "id"].pop()
    asked = len(telegram.called("getMyCommands"))
    async with start():
        await telegram.until(lambda: len(telegram.called("getMyCommands")) == asked + 6)
        await telegram.until(lambda: len(telegram.called("setMyCommands")) == 7)
    assert telegram.called("setMyCommands")[-1].given["language_code"] == "id"
