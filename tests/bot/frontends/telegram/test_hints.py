"""What is written to the bot in another way than as a whole command."""

from __future__ import annotations

import pytest

from tests.bot.frontends.telegram.reading import PROMPT, answer, answers, finished
from tests.bot.kit.engine import ScriptedEngine
from tests.bot.kit.pictures import png
from tests.telegram_server import TelegramServer
from tests.telegram_server.world import StoredFile

pytestmark = pytest.mark.usefixtures("bot")


@pytest.mark.parametrize("language", ["en", "id"])
async def test_the_reply_to_the_question_after_a_bare_command_is_drawn(
    telegram: TelegramServer, engine: ScriptedEngine, language: str
) -> None:
    ani = telegram.user("Ani", language)
    chat = telegram.group(ani)
    command = telegram.say(chat, ani, "/kancil@sanggar_bot")
    [question] = await telegram.until(lambda: answers(chat))
    assert question.forces_reply
    assert question.reply_to == command.id
    reply = telegram.say(chat, ani, f"{PROMPT} --seed 777", reply_to=question.id)
    picture = await telegram.until(lambda: finished(chat))
    assert picture.reply_to == reply.id
    assert [(one.prompt, one.seed) for one in engine.requests] == [(PROMPT, 777)]


async def test_replies_to_other_messages_in_a_group_draw_nothing(
    telegram: TelegramServer, engine: ScriptedEngine
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    await answer(telegram, chat, ani, "/quota")
    telegram.say(chat, ani, "thank you", reply_to=answers(chat)[0].id)
    await answer(telegram, chat, ani, "/quota")
    assert len(answers(chat)) == 2
    assert engine.requests == []


async def test_plain_words_in_a_private_chat_are_shown_as_a_command(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    assert "/draw a red <fox>" in await answer(telegram, telegram.private(ani), ani, "a red\n<fox>")


async def test_a_photo_or_sticker_in_a_private_chat_is_answered_with_an_example(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.say(chat, ani, "", file=StoredFile("f1", "photo", "a.png", png(1, ""), 16, 16))
    [found] = await telegram.until(lambda: answers(chat))
    assert "in words" in found.text
    assert "/draw " in found.text


async def test_the_words_under_a_photo_are_drawn_and_the_member_told_that_the_photo_is_not_used(
    telegram: TelegramServer, engine: ScriptedEngine
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    photo = StoredFile("f1", "photo", "a.png", png(1, ""), 16, 16)
    telegram.say(chat, ani, f"/kancil {PROMPT}", file=photo)
    await telegram.until(lambda: finished(chat) and [one for one in answers(chat) if "words alone" in one.text])
    assert [one.prompt for one in engine.requests] == [PROMPT]


async def test_a_group_message_that_begins_with_our_name_is_answered(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    assert "/draw a red fox" in await answer(telegram, telegram.group(ani), ani, "@Sanggar_bot a red fox")


async def test_an_edited_command_is_told_to_be_sent_again(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    refused = telegram.say(chat, ani, f"/kancil {PROMPT} --steps 900")
    other = telegram.say(chat, ani, "hello")
    await telegram.until(lambda: answers(chat))
    telegram.edit(other, "hello again")
    telegram.edit(refused, f"/kancil {PROMPT} --steps 9")
    _, told = await telegram.until(lambda: len(found := answers(chat)) == 2 and found)
    assert "as a new message" in told.text
    assert engine.requests == []
