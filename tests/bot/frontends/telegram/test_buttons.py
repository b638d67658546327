"""Buttons under a finished picture, and the one that cancels."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image

from bot.app import Application
from tests.bot.frontends.telegram.conftest import Start
from tests.bot.frontends.telegram.reading import PROMPT, answers, documents, draw, finished, settled, toast
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import TelegramServer
from tests.telegram_server.world import DELETABLE


@pytest.mark.usefixtures("bot")
async def test_again_draws_the_same_request_with_a_new_seed(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    chat = telegram.group(ani, budi)
    first = await draw(telegram, chat, ani, f"/kancil {PROMPT} --cfg 9 --seed 777")
    assert await toast(telegram, budi, first, "again") == ""
    second = await telegram.until(lambda: finished(chat) is not first and finished(chat))
    assert second.reply_to == first.id
    assert second.text.startswith("Budi asked for it again.\n")
    old, new = engine.requests
    assert old.seed == 777
    assert new.seed != 777
    assert new.model_copy(update={"seed": 777, "user": old.user}) == old
    assert new.user == f"telegram:{budi.id}"


async def test_buttons_work_after_a_restart(telegram: TelegramServer, engine: ScriptedEngine, start: Start) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start() as app:
        first = await draw(telegram, chat, ani, f"/kancil {PROMPT} --seed 777")
        await settled(app, first)
    async with start():
        assert await toast(telegram, ani, first, "again") == ""
        await telegram.until(lambda: finished(chat) is not first)
        assert await toast(telegram, ani, first, "file") == ""
        await telegram.until(lambda: [one for one in answers(chat) if one.file and one.file.kind == "document"])
        assert await toast(telegram, ani, first, "delete") == ""
        assert first.deleted
    assert len(engine.requests) == 2


@pytest.mark.usefixtures("bot")
async def test_as_a_file_sends_the_picture_as_it_was_drawn(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    picture = await draw(telegram, chat, ani, f"/kancil {PROMPT} --seed 777")
    await toast(telegram, ani, picture, "file")
    [document] = await telegram.until(lambda: [one for one in answers(chat) if one.file and one is not picture])
    assert document.file is not None
    assert document.file.kind == "document"
    assert document.file.name.endswith("-777.png")
    assert document.reply_to == picture.id
    with Image.open(io.BytesIO(document.file.content)) as image:
        assert "Seed: 777" in image.info["parameters"]
    assert len(engine.requests) == 1
    await toast(telegram, ani, picture, "file")
    await telegram.until(lambda: len(answers(chat)) == 3)
    assert answers(chat)[-1].file is document.file


@pytest.mark.usefixtures("bot")
async def test_every_picture_of_a_group_comes_as_a_file(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    below = await draw(telegram, chat, ani, f"/kancil {PROMPT} --seed 50 --count 3")
    await toast(telegram, ani, below, "file")
    files = await telegram.until(lambda: len(found := documents(telegram)) == 3 and found)
    assert [file.name[-7:] for file in files] == ["-50.png", "-51.png", "-52.png"]


async def test_a_file_that_had_to_make_room_is_said_to_be_gone(telegram: TelegramServer, bot: Application) -> None:
    ani = telegram.user("Ani")
    picture = await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT} --seed 777")
    for path in (bot.settings.data / "pictures").iterdir():
        path.unlink()
    assert "--seed 777" in await toast(telegram, ani, picture, "file")


@pytest.mark.usefixtures("bot")
async def test_delete_is_for_the_author_and_for_administrators(telegram: TelegramServer) -> None:
    ani, budi, citra = telegram.user("Ani"), telegram.user("Budi"), telegram.user("Citra")
    chat = telegram.group(ani, budi, administrator=citra)
    first = await draw(telegram, chat, ani, f"/kancil {PROMPT}")
    assert "moderator" in await toast(telegram, budi, first, "delete")
    assert not first.deleted
    assert await toast(telegram, citra, first, "delete") == ""
    assert first.deleted
    second = await draw(telegram, chat, ani, f"/kancil {PROMPT} --count 2")
    assert await toast(telegram, ani, second, "delete") == ""
    assert answers(chat) == []


@pytest.mark.usefixtures("bot")
async def test_a_message_too_old_to_delete_is_explained(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    picture = await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT}")
    picture.date = time.time() - DELETABLE - 60
    assert "too old" in await toast(telegram, ani, picture, "delete")


@pytest.mark.usefixtures("bot")
async def test_the_cancel_button_stops_the_drawing(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    chat = telegram.group(ani, budi)
    engine.gate.clear()
    telegram.say(chat, ani, f"/kancil {PROMPT}")
    await engine.told.wait()
    [status] = await telegram.until(lambda: answers(chat))
    assert "moderator" in await toast(telegram, budi, status, "cancel")
    assert engine.stopped == []
    assert await toast(telegram, ani, status, "cancel") == ""
    await telegram.until(lambda: "cancelled" in status.text)
    assert status.buttons == []
    assert len(engine.stopped) == 1


@pytest.mark.usefixtures("bot")
async def test_a_job_of_another_chat_cannot_be_reached(telegram: TelegramServer, engine: ScriptedEngine) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    theirs = await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT}")
    mine = await draw(telegram, telegram.private(budi), budi, f"/kancil {PROMPT}")
    forged = mine.button("again") | {"text": "Forged", "callback_data": theirs.button("again")["callback_data"]}
    nonsense = {"text": "Nonsense", "callback_data": "explode:all"}
    mine.markup = {"inline_keyboard": [[forged, nonsense]]}
    assert "no job" in await toast(telegram, budi, mine, "forged")
    assert "no longer works" in await toast(telegram, budi, mine, "nonsense")
    assert len(engine.requests) == 2


async def test_a_press_without_allowance_left_says_when_to_come_back(telegram: TelegramServer, start: Start) -> None:
    ani = telegram.user("Ani", "id")
    chat = telegram.private(ani)
    async with start(burst=4, pictures_per_hour=1):
        picture = await draw(telegram, chat, ani, f"/kancil {PROMPT} --count 4")
        words = await toast(telegram, ani, picture, "lagi")
    assert "jam" in words or "menit" in words


@pytest.mark.usefixtures("bot")
async def test_a_press_whose_answer_does_not_get_through_is_answered_again(telegram: TelegramServer) -> None:
    ani = telegram.user("Ani")
    picture = await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT}")
    telegram.fail("answerCallbackQuery", 502)
    await toast(telegram, ani, picture, "again")
    assert len(telegram.called("answerCallbackQuery")) == 2


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(("method", "label"), [("deleteMessages", "delete"), ("sendDocument", "file")])
async def test_a_button_that_telegram_refuses_says_so(telegram: TelegramServer, method: str, label: str) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    picture = await draw(telegram, chat, ani, f"/kancil {PROMPT}")
    telegram.fail(method, 403, "Forbidden: not now")
    told = await toast(telegram, ani, picture, label)
    await telegram.until(lambda: any("once more" in text for text in (told, *(one.text for one in answers(chat)))))
