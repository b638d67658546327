"""From the command to the posted picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.bot.frontends.telegram.reading import PROMPT, answers, finished, pictures
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import TelegramServer

pytestmark = pytest.mark.usefixtures("bot")


async def test_a_command_becomes_its_picture_in_one_message(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    engine.gate.clear()
    command = telegram.say(chat, ani, f"/kancil {PROMPT} --seed 777 --cfg 7.5 --steps 30")
    status = await telegram.until(lambda: next(iter(answers(chat)), None))
    assert status.reply_to == command.id
    assert status.file is None
    assert [button["text"] for button in status.buttons] == ["Cancel"]
    engine.gate.set()
    message = await telegram.until(lambda: finished(chat))
    assert message is status
    assert answers(chat) == [status]
    assert message.file is not None
    with Image.open(io.BytesIO(message.file.content)) as picture:
        assert "Seed: 777" in picture.info["parameters"]
    for words in (PROMPT, "/kancil", "777", "7.5", "30", "DPM++ 2M", "512x512", "job"):
        assert words in message.text
    assert [button["text"] for button in message.buttons] == ["Again", "Copy seed 777", "As a file", "Delete"]
    assert message.button("seed")["copy_text"] == {"text": "777"}


async def test_what_a_member_writes_is_no_markup(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.say(chat, ani, "/draw a <b>bold & brave</i> fox <3")
    message = await telegram.until(lambda: finished(chat))
    assert "a <b>bold & brave</i> fox <3" in message.text


async def test_a_long_prompt_is_shortened_to_fit_the_caption(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.say(chat, ani, f"/draw {'🦌 ' * 400} --negative {'🌧 ' * 300}")
    message = await telegram.until(lambda: finished(chat))
    assert "…" in message.text
    assert "job" in message.text
    assert 900 < len(message.text.encode("utf-16-le")) // 2 <= 1024


async def test_several_pictures_are_a_group_with_the_buttons_below(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    command = telegram.say(chat, ani, f"/retro {PROMPT} --count 4 --seed 50")
    await telegram.until(lambda: finished(chat))
    *album, below = await telegram.until(lambda: len(answers(chat)) == 5 and answers(chat))
    assert pictures(chat) == album
    assert len({message.group for message in album}) == 1
    assert {message.reply_to for message in album} == {command.id}
    assert PROMPT in below.text
    assert "50-53" in below.text
    assert below.id > album[-1].id


async def test_a_command_in_a_topic_is_answered_there(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.forum(ani, topics=(7, 8))
    telegram.say(chat, ani, f"/kancil {PROMPT} --count 2", thread=8)
    await telegram.until(lambda: finished(chat))
    assert {message.thread for message in answers(chat)} == {8}
    assert {call.given.get("message_thread_id") for call in telegram.called("sendChatAction")} <= {8}


async def test_a_topic_that_is_gone_does_not_lose_the_answer(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.forum(ani, topics=(7, 8))
    telegram.say(chat, ani, f"/kancil {PROMPT}", thread=9)
    assert (await telegram.until(lambda: finished(chat))).thread is None


async def test_an_edited_command_does_not_draw_again(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    command = telegram.say(chat, ani, f"/kancil {PROMPT}")
    await telegram.until(lambda: finished(chat))
    telegram.update(edited_message=command.json() | {"edit_date": 1})
    telegram.say(chat, ani, "/quota")
    await telegram.until(lambda: len(answers(chat)) == 2)
    assert len(engine.requests) == 1


async def test_members_read_their_own_language(telegram: TelegramServer) -> None:
    budi, ani = telegram.user("Budi", "id"), telegram.user("Ani", "en-GB")
    chat = telegram.group(budi, ani)
    telegram.say(chat, budi, f"/kancil {PROMPT}")
    message = await telegram.until(lambda: finished(chat))
    assert [button["text"] for button in message.buttons][2:] == ["Sebagai berkas", "Hapus"]
    telegram.say(chat, budi, "/kancil")
    telegram.say(chat, ani, "/kancil")
    asked = await telegram.until(lambda: len(answers(chat)) == 3 and answers(chat)[1:])
    indonesian, english = sorted((message.text for message in asked), key=lambda text: "Say what" in text)
    assert "Say what to draw" in english
    assert english != indonesian
