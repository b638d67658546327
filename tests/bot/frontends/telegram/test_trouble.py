"""What Telegram and the network do to a job on its way."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from bot.app import Application
from tests.bot.frontends.telegram.conftest import QuickPace, Start
from tests.bot.frontends.telegram.reading import PROMPT, answer, answers, draw, finished, settled, toast
from tests.bot.kit.engine import ScriptedEngine
from tests.telegram_server import TelegramServer


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("method", ["sendMessage", "editMessageMedia"])
async def test_a_flooded_chat_waits_and_gets_its_picture(telegram: TelegramServer, method: str) -> None:
    ani = telegram.user("Ani")
    telegram.fail(method, 429, "Too Many Requests: retry after 30", parameters={"retry_after": 30}, times=2)
    message = await draw(telegram, telegram.private(ani), ani, f"/kancil {PROMPT}")
    assert message.file is not None
    assert [call.error[:8] for call in telegram.called(method)] == ["Too Many", "Too Many", ""]


async def test_a_flooded_chat_does_not_halt_the_others(telegram: TelegramServer, start: Start) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    flooded, other = telegram.private(ani), telegram.private(budi)
    minutes = {"retry_after": 400}
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 400", parameters=minutes, chat=flooded.id)
    rate_limiter = QuickPace()
    async with start(rate_limiter):
        telegram.say(flooded, ani, f"/kancil {PROMPT}")
        await telegram.until(lambda: [call for call in telegram.calls if call.error])
        assert (await draw(telegram, other, budi, f"/kancil {PROMPT}")).file is not None
        assert answers(flooded) == []
        rate_limiter.over.set()
        await telegram.until(lambda: finished(flooded))


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(("status", "after"), [(502, False), (500, True), (0, False), (0, True)])
async def test_a_network_that_fails_is_tried_again(telegram: TelegramServer, status: int, after: bool) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.fail("editMessageMedia", status, "Internal Server Error", times=3, after=after)
    assert (await draw(telegram, chat, ani, f"/kancil {PROMPT}")).file is not None
    await telegram.until(lambda: len(telegram.called("editMessageMedia")) == 4)
    assert len(answers(chat)) == 1


@pytest.mark.parametrize("private", [True, False])
async def test_a_chat_that_shuts_us_out_gives_the_allowance_back(
    telegram: TelegramServer, bot: Application, engine: ScriptedEngine, private: bool
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani) if private else telegram.group(ani)
    engine.gate.clear()
    telegram.say(chat, ani, f"/kancil {PROMPT} --count 3")
    await engine.told.wait()
    [status] = await telegram.until(lambda: answers(chat))
    assert (await bot.limits.quota("telegram", str(ani.id))).left == 9
    chat.closed = True
    engine.gate.set()
    job = await settled(bot, status)
    assert job.reason == ("undeliverable-blocked" if private else "undeliverable-gone")
    assert (await bot.limits.quota("telegram", str(ani.id))).left == 12


async def test_a_chat_without_pictures_is_told_so(telegram: TelegramServer, bot: Application) -> None:
    ani = telegram.user("Ani")
    chat = telegram.group(ani)
    telegram.fail("editMessageMedia", 400, "Bad Request: not enough rights to send photos to the chat", times=9)
    telegram.say(chat, ani, f"/kancil {PROMPT}")
    [status] = await telegram.until(lambda: [one for one in answers(chat) if "moderator" in one.text])
    assert "failed" in status.text
    assert [button["text"] for button in status.buttons] == ["Again", "Delete"]
    assert (await bot.limits.quota("telegram", str(ani.id))).left == 12


@pytest.mark.usefixtures("bot")
async def test_a_message_that_was_deleted_meanwhile_is_posted_afresh(
    telegram: TelegramServer, engine: ScriptedEngine
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    engine.gate.clear()
    command = telegram.say(chat, ani, f"/kancil {PROMPT}")
    await engine.told.wait()
    [status] = await telegram.until(lambda: answers(chat))
    status.deleted = command.deleted = True
    engine.gate.set()
    message = await telegram.until(lambda: finished(chat))
    assert message is not status
    assert message.file is not None
    assert message.reply_to is None


@pytest.mark.usefixtures("bot")
async def test_an_edit_that_changes_nothing_is_taken_for_done(telegram: TelegramServer, bot: Application) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.fail("editMessageMedia", 400, "Bad Request: message is not modified: specified new message content ...")
    telegram.say(chat, ani, f"/kancil {PROMPT}")
    [status] = await telegram.until(lambda: bool(telegram.called("editMessageMedia")) and answers(chat))
    job = await settled(bot, status)
    assert job.state == "delivered"
    assert answers(chat) == [status]


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("announced", [True, False])
async def test_a_group_that_moves_takes_its_jobs_and_styles_along(
    telegram: TelegramServer, engine: ScriptedEngine, announced: bool
) -> None:
    ani, budi = telegram.user("Ani"), telegram.user("Budi")
    old = telegram.group(ani, kind="group", administrator=budi)
    assert "batik" in await answer(telegram, old, budi, "/adapter use kancil batik")
    engine.gate.clear()
    telegram.say(old, ani, f"/kancil {PROMPT} --seed 777")
    await engine.told.wait()
    await telegram.until(lambda: len(answers(old)) == 2)
    new = telegram.migrate(old)
    if announced:
        telegram.update(message=telegram.add(old, ani, "").json() | {"migrate_to_chat_id": new.id})
    engine.gate.set()
    picture = await telegram.until(lambda: finished(new))
    assert await toast(telegram, ani, picture, "again") == ""
    await telegram.until(lambda: finished(new) is not picture)
    assert [one.adapters[0].name for one in engine.requests] == ["batik", "batik"]


@pytest.mark.parametrize("restarted", [True, False])
async def test_a_press_in_a_group_that_has_moved_finds_its_job(
    telegram: TelegramServer, start: Start, restarted: bool
) -> None:
    ani = telegram.user("Ani")
    old = telegram.group(ani, kind="group")
    async with AsyncExitStack() as first:
        await first.enter_async_context(start())
        picture = await draw(telegram, old, ani, f"/kancil {PROMPT}")
        new = telegram.migrate(old)
        telegram.update(message=telegram.add(old, ani, "").json() | {"migrate_to_chat_id": new.id})
        await draw(telegram, new, ani, f"/kancil {PROMPT}")
        if restarted:
            await first.aclose()
            await first.enter_async_context(start())
        before = finished(new)
        assert await toast(telegram, ani, picture, "again") == ""
        await telegram.until(lambda: finished(new) is not before)
        assert "too old" in await toast(telegram, ani, picture, "delete")


async def test_a_job_goes_on_in_its_message_after_a_restart(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    engine.gate.clear()
    async with start():
        telegram.say(chat, ani, f"/kancil {PROMPT} --seed 777")
        await engine.told.wait()
        await telegram.until(lambda: answers(chat))
    engine.gate.set()
    async with start() as app:
        message = await telegram.until(lambda: finished(chat))
        assert (await app.limits.quota("telegram", str(ani.id))).left == 11
    assert answers(chat) == [message]
    assert [one.seed for one in engine.requests] == [777, 777]


async def test_an_update_that_comes_twice_draws_once(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start() as app:
        first = await draw(telegram, chat, ani, f"/kancil {PROMPT}")
        await toast(telegram, ani, first, "again")
        second = await telegram.until(lambda: finished(chat) is not first and finished(chat))
        for message in (first, second):
            await settled(app, message)
    telegram.offset = 0
    async with start() as app:
        await telegram.until(lambda: telegram.offset > 0)
        assert (await app.limits.quota("telegram", str(ani.id))).left == 10
    assert len(engine.requests) == len(answers(chat)) == 2


async def test_a_picture_whose_posting_was_cut_off_is_posted_once(telegram: TelegramServer, start: Start) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    telegram.fail("editMessageMedia", 0, times=10**6, after=True)
    async with start():
        telegram.say(chat, ani, f"/kancil {PROMPT}")
        await telegram.until(lambda: finished(chat))
    telegram.mend()
    async with start():
        await telegram.until(lambda: telegram.called("editMessageMedia")[-1].error == "")
    assert len(answers(chat)) == 1


async def test_a_group_of_pictures_is_not_posted_again_after_a_crash(telegram: TelegramServer, start: Start) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start():
        telegram.say(chat, ani, f"/kancil {PROMPT} --count 2")
        await telegram.until(lambda: answers(chat))
        telegram.fail("sendMessage", 500, "Internal Server Error", times=10**6)
        await telegram.until(lambda: telegram.called("sendMediaGroup") and telegram.calls[-1].error)
    telegram.mend()
    async with start():
        await telegram.until(lambda: finished(chat) and len(answers(chat)) == 3)
    assert len(telegram.called("sendMediaGroup")) == 1


async def test_a_command_that_comes_while_we_stop_waits_for_the_next_start(
    telegram: TelegramServer, engine: ScriptedEngine, start: Start
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start() as app:
        await app.studio.close(0.0)
        polls = telegram.polls
        telegram.say(chat, ani, f"/kancil {PROMPT}")
        await telegram.until(lambda: telegram.polls > polls)
    assert answers(chat) == []
    async with start():
        await telegram.until(lambda: finished(chat))
    assert len(engine.requests) == 1
