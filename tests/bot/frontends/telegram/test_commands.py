"""What is answered in words."""

from __future__ import annotations

import pytest

from bot.app import Application
from tests.bot.frontends.telegram.reading import PROMPT, answer, answers, finished
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import Chat, TelegramServer, User

pytestmark = pytest.mark.usefixtures("bot")


async def test_help_and_quota_are_answered(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    for command in ("/start", "/help", "/help@sanggar_bot"):
        assert "/kancil" in await answer(telegram, chat, ani, command)
    assert "12" in await answer(telegram, chat, ani, "/quota")


@pytest.mark.parametrize("command", ["/kancil", "/kancil@Sanggar_Bot", "/landscape --seed 5"])
async def test_a_command_without_a_prompt_is_answered_with_an_example(telegram: TelegramServer, command: str) -> None:
    ani = telegram.user("Ani")
    name = command.replace("@", " ").split()
    assert f"{name[0]} a " in await answer(telegram, telegram.private(ani), ani, command)


async def test_a_wrong_option_is_explained(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    assert "between 1 and 100" in await answer(telegram, chat, ani, "/kancil a deer --steps 900")
    assert "ddim" in await answer(telegram, chat, ani, "/kancil a deer --sampler dim")
    assert "/kancil" in await answer(telegram, chat, ani, "/kanchil a deer")


async def test_what_is_meant_for_others_is_left_alone(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    for text in (f"/kancil@other_bot {PROMPT}", "/weather", "hello", "see /kancil"):
        telegram.say(chat, ani, text)
    await answer(telegram, chat, ani, "/quota@sanggar_bot")
    assert len(answers(chat)) == 1
    assert engine.requests == []


async def test_cancel_stops_the_members_own_pictures(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    chat = telegram.group(ani, budi)
    engine.gate.clear()
    asked = []
    for user in (ani, budi):
        engine.told.clear()
        asked.append(telegram.say(chat, user, f"/kancil {PROMPT}"))
        await engine.told.wait()
    await telegram.until(lambda: len(answers(chat)) == 2)
    assert "Cancelled" in await answer(telegram, chat, ani, "/cancel")
    cancelled, drawing = (next(one for one in answers(chat) if one.reply_to == command.id) for command in asked)
    assert "is cancelled" in cancelled.text
    assert cancelled.buttons == []
    assert drawing.buttons != []
    assert len(engine.stopped) == 1
    engine.gate.set()
    assert await telegram.until(lambda: finished(chat)) is drawing


async def test_a_mistake_of_ours_shows_nothing_but_its_number(
    telegram: TelegramServer, bot: Application, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(bot.limits, "quota", broken)
    ani = telegram.user("Ani")
    text = await answer(telegram, telegram.private(ani), ani, "/quota")
    assert "secret" not in text
    [number] = [word.strip(".") for word in text.split() if word.strip(".") in caplog.text][-1:]
    assert len(number) == 8
    assert "secret detail" in caplog.text


async def test_a_member_who_writes_as_a_channel_has_an_allowance_of_its_own(
    telegram: TelegramServer, bot: Application
) -> None:
    chat = telegram.group()
    channel = Chat(-1009999, "channel", "Kabar")
    poster = User(136817688, "Channel", "Channel_Bot", is_bot=True)
    message = telegram.add(chat, poster, f"/kancil {PROMPT}", sender_chat=channel)
    telegram.update(message=message.json())
    await telegram.until(lambda: finished(chat))
    assert (await bot.limits.quota("telegram", "-1009999")).left == 11
    assert (await bot.limits.quota("telegram", "136817688")).left == 12
