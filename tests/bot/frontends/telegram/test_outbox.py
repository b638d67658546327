"""Messages whose answer was lost: Telegram posted them, and the bot never heard so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.bot.frontends.telegram.conftest import Start
from tests.bot.frontends.telegram.reading import PROMPT, answers, documents, draw, finished, pictures, settled, toast
from tests.bot.frontends.telegram.room import Room
from tests.bot.kit.engine import ScriptedEngine
from tests.bot.kit.pictures import picture, png
from tests.telegram_server import TelegramServer

LOST: dict[str, Any] = {"status": 0, "after": True}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_first_message_whose_answer_was_lost_does_not_stay_behind(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start, times: int
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    engine.gate.clear()
    telegram.fail("sendMessage", times=times, **LOST)
    async with start() as app:
        telegram.say(chat, ani, f"/kancil {PROMPT}")
        await telegram.until(lambda: len(telegram.called("deleteMessages")) == times)
        [message] = answers(chat)
        engine.gate.set()
        assert await telegram.until(lambda: finished(chat)) is message
        await settled(app, message)
    assert answers(chat) == [message]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_bot_that_stopped_before_the_answer_came_leaves_no_message_behind(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start, count: int
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    engine.gate.clear()
    telegram.fail("sendMessage", times=1, **LOST)
    telegram.fail("sendMessage", 500, times=10**6)
    async with start():
        telegram.say(chat, ani, f"/kancil {PROMPT} --count {count}")
        await telegram.until(lambda: len(telegram.called("sendMessage")) == 2)
    [orphan] = answers(chat)
    telegram.mend()
    engine.gate.set()
    async with start() as app:
        await settled(app, await telegram.until(lambda: finished(chat)))
    assert orphan.deleted
    assert len(answers(chat)) == (1 if count == 1 else count + 1)


@pytest.mark.parametrize("count", [1, 3])
async def test_pictures_whose_answer_was_lost_are_in_the_chat_once(room: Room, count: int) -> None:
    drawn = [picture(png(number, "whole"), seed=number) for number in range(count)]
    job = replace(room.job, request=replace(room.job.request, count=count))
    room.telegram.fail("sendPhoto" if count == 1 else "sendMediaGroup", times=2, **LOST)
    await room.courier.deliver(job, drawn)
    assert [message.file and message.file.content for message in pictures(room.chat)] == [one.png for one in drawn]
    assert len(room.chat.messages) == 1 + 3 * count + (count > 1)


async def test_what_others_have_in_the_chat_is_left_alone(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start() as app:
        first = await draw(telegram, chat, ani, f"/kancil {PROMPT} --count 2")
        telegram.fail("sendMessage", times=1, **LOST)
        engine.gate.clear()
        telegram.say(chat, ani, f"/kancil {PROMPT} --count 2")
        await toast(telegram, ani, first, "file")
        await telegram.until(lambda: len(documents(telegram)) == 2)
        engine.gate.set()
        await settled(app, await telegram.until(lambda: finished(chat) is not first and finished(chat)))
    assert first.buttons
    assert len(pictures(chat)) == 4
    assert [message.file for message in chat.visible if message.file in documents(telegram)] == documents(telegram)


@pytest.mark.usefixtures("bot")
async def test_a_press_on_a_message_that_was_left_behind_removes_it(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    picture = await draw(telegram, chat, ani, f"/kancil {PROMPT}")
    cancel = {"text": "Cancel", "callback_data": picture.button("again")["callback_data"].replace("again", "cancel")}
    orphan = telegram.add(chat, telegram.bot, "On its way", markup={"inline_keyboard": [[cancel]]})
    assert "another message" in await toast(telegram, ani, orphan, "cancel")
    assert answers(chat) == [picture]
