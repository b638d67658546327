"""``/adapter`` is for those who manage the chat, by what Telegram says at that moment."""

from __future__ import annotations

import pytest

from tests.bot.frontends.telegram.reading import PROMPT, answer, answers, draw
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import TelegramServer

pytestmark = pytest.mark.usefixtures("bot")
USE = "/adapter use kancil batik"


@pytest.mark.parametrize("status", ["administrator", "creator"])
async def test_an_administrator_changes_what_draws_a_style_in_that_chat(
    telegram: TelegramServer, engine: ScriptedEngine, status: str
) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    here, there = telegram.group(ani), telegram.group(ani)
    here.statuses[budi.id] = status
    assert "batik" in await answer(telegram, here, budi, USE)
    for chat in (here, there):
        await draw(telegram, chat, ani, f"/kancil {PROMPT}")
    assert [one.adapters[0].name for one in engine.requests] == ["batik", "kancil"]
    listed = await answer(telegram, here, budi, "/adapter list")
    assert "/kancil is drawn with batik" in listed
    assert "SHA-256" in await answer(telegram, here, budi, "/adapter info batik")


async def test_others_are_refused(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, stranger = telegram.user("Ani"), telegram.user("Stranger")
    chat = telegram.group(ani)
    for user in (ani, stranger):
        for command in (USE, "/adapter list", "/adapter info batik"):
            assert "Only moderators" in await answer(telegram, chat, user, command)
    await draw(telegram, chat, ani, f"/kancil {PROMPT}")
    assert engine.requests[0].adapters[0].name == "kancil"


async def test_whoever_loses_the_rights_is_refused_at_once(telegram: TelegramServer) -> None:
    budi = telegram.user("Budi")
    chat = telegram.group(administrator=budi)
    assert "batik" in await answer(telegram, chat, budi, USE)
    chat.statuses[budi.id] = "member"
    assert "Only moderators" in await answer(telegram, chat, budi, "/adapter use kancil default")


async def test_where_rights_cannot_be_checked_the_administrator_is_told_so(telegram: TelegramServer) -> None:
    budi = telegram.user("Budi")
    chat = telegram.group(administrator=budi)
    telegram.fail("getChatMember", 400, "Bad Request: CHAT_ADMIN_REQUIRED")
    assert "could not check your rights" in await answer(telegram, chat, budi, USE)


async def test_an_anonymous_administrator_may(telegram: TelegramServer) -> None:
    chat = telegram.group()
    asked = telegram.say_anonymously(chat, USE)
    [found] = await telegram.until(lambda: answers(chat))
    assert found.reply_to == asked.id
    assert "batik" in found.text


async def test_an_anonymous_administrator_cancels_no_picture_of_another_by_accident(
    telegram: TelegramServer, engine: ScriptedEngine
) -> None:
    chat = telegram.group()
    engine.gate.clear()
    telegram.say_anonymously(chat, f"/kancil {PROMPT}")
    await engine.told.wait()

    async def choice(text: str) -> str:
        asked = telegram.say_anonymously(chat, text)
        found = await telegram.until(lambda: [one for one in answers(chat) if one.reply_to == asked.id])
        return found[0].text

    assert await choice("/cancel") == await choice("/cancel all")
    assert engine.stopped == []
    telegram.say_anonymously(chat, f"/cancel {(await choice('/cancel')).splitlines()[1].partition(':')[0]}")
    await telegram.until(lambda: engine.stopped)


async def test_in_a_private_chat_members_manage_their_own(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    assert "batik" in await answer(telegram, telegram.private(ani), ani, USE)
    for user in (ani, budi):
        await draw(telegram, telegram.private(user), user, f"/kancil {PROMPT}")
    assert [one.adapters[0].name for one in engine.requests] == ["batik", "kancil"]


async def test_an_unknown_adapter_is_answered_with_the_known_ones(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    assert "batik" in await answer(telegram, telegram.private(ani), ani, "/adapter use kancil bathik")
