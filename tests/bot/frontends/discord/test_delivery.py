"""Pictures that are not easy to post."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from PIL import Image
from pydantic import BaseModel
from starlette.responses import Response

from bot.app import Application
from bot.frontends.discord import courier
from bot.jobs.job import State
from engine.protocol import GenerationRequest
from tests.bot.frontends.discord.looks import actions, button, drawn, finished, job_id
from tests.bot.kit.behaviours import drawing, sse
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import AS_MEMBER, ELSEWHERE, GUILD, MEMBER, STRANGER, LocalDiscord, Message, Typed
from tests.discord_server.state import Interaction
from tests.discord_server.world import Place

CHANNEL = rf"/channels/{GUILD.channel}/messages$"
PRIVATE = Place(MEMBER.id + 1, None)
"""The channel that the local Discord opens for direct messages to the member."""


@dataclass
class Held:
    """A job whose progress is shown and whose picture is held back."""

    command: Interaction
    message: Message
    job_id: str


async def held(discord: LocalDiscord, engine: ScriptedEngine, typed: Typed = AS_MEMBER) -> Held:
    engine.gate.clear()
    command = await discord.command("draw", {"prompt": "a fox"}, typed)
    await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    return Held(command, command.messages[0], job_id(command.messages[0]))


async def test_a_picture_that_comes_after_the_token_is_an_ordinary_message_to_its_author(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    job = await held(discord, engine)
    job.command.expired = True
    engine.gate.set()
    await bot.studio.wait(job.job_id)
    [message] = discord.posted()
    assert message is not job.message
    assert actions(message) == ["again", "file", "delete"]
    assert message.content.startswith(f"<@{MEMBER.id}> ")
    assert message.allowed_mentions is not None
    assert message.allowed_mentions["users"] == [MEMBER.id]
    assert message.allowed_mentions["parse"] == []
    assert len(message.attachments) == 1


@pytest.mark.parametrize("late", [False, True])
async def test_a_picture_whose_message_was_removed_is_not_posted_again(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine, late: bool
) -> None:
    job = await held(discord, engine)
    job.message.deleted = True
    job.command.expired = late
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert (done.state, done.reason) in {(State.FAILED, "undeliverable-removed"), (State.CANCELLED, "")}
    assert discord.posted() == []


async def test_a_message_that_is_removed_while_drawing_stops_its_job(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "GAP", 0.01)
    more = asyncio.Event()

    async def slowly(engine: ScriptedEngine, request: GenerationRequest, id: str) -> Response:
        async def events() -> AsyncIterator[BaseModel]:
            yield drawing(1, 20)
            await more.wait()
            yield drawing(10, 20)
            await engine.hold(id)

        return sse(events())

    engine.gate.clear()
    engine.script.append(slowly)
    command = await discord.command("draw", {"prompt": "a fox"})
    await discord.until(lambda: command.messages and "step 1 of 20" in command.messages[0].content)
    [message] = command.messages
    message.deleted = True
    more.set()
    assert (await bot.studio.wait(job_id(message))).state is State.CANCELLED
    assert len(engine.stopped) == 1
    assert discord.posted() == []


async def test_where_the_bot_may_not_write_the_picture_goes_to_the_member(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.fail("POST", CHANNEL, 403, 50013)
    job = await held(discord, engine)
    job.command.expired = True
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert done.state is State.DELIVERED
    [message] = discord.posted(PRIVATE)
    assert len(message.attachments) == 1
    assert done.message == f"{PRIVATE.channel}/{message.id}"
    press = await discord.press(message, button(message, "again"), Typed(at=PRIVATE))
    await discord.until(lambda: finished(press))


async def test_where_nothing_can_be_sent_the_old_message_takes_the_picture(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.fail("POST", "/channels/.*/messages$", 403, 50007)
    job = await held(discord, engine)
    job.command.expired = True
    engine.gate.set()
    assert (await bot.studio.wait(job.job_id)).state is State.DELIVERED
    assert discord.posted() == [job.message]
    assert len(job.message.attachments) == 1


async def test_what_cannot_be_delivered_costs_nothing(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.fail("POST", "/channels/.*/messages$", 403, 50007)
    discord.fail("PATCH", "/channels/.*/messages/", 403, 50001)
    job = await held(discord, engine)
    assert (await bot.limits.quota("discord", str(MEMBER.id))).left == bot.settings.burst - 1
    job.command.expired = True
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert (done.state, done.reason) == (State.FAILED, "undeliverable-permission")
    assert (await bot.limits.quota("discord", str(MEMBER.id))).left == bot.settings.burst


async def test_a_rate_limit_is_waited_out(discord: LocalDiscord, bot: Application, engine: ScriptedEngine) -> None:
    job = await held(discord, engine)
    limited = discord.fail("PATCH", job.command.token, 429, times=2)
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert done.state is State.DELIVERED
    assert limited.hits == 2
    assert finished(job.command)


async def test_a_fault_of_discord_is_waited_out(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    """503 is what discord.py itself does not try again on an ordinary message."""
    job = await held(discord, engine)
    job.command.expired = True
    broken = discord.fail("POST", CHANNEL, 503, times=2)
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert done.state is State.DELIVERED
    assert broken.hits == 2


async def test_an_answer_that_is_lost_on_the_way_posts_nothing_twice(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    job = await held(discord, engine)
    job.command.expired = True
    lost = discord.fail("POST", CHANNEL, 503, times=1, after=True)
    engine.gate.set()
    assert (await bot.studio.wait(job.job_id)).state is State.DELIVERED
    assert lost.hits == 1
    assert len(discord.posted()) == 1


async def test_what_is_too_large_is_made_smaller(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.state.upload_limit = 100_000
    engine.side = 384
    message = await drawn(discord, seed=9)
    [picture] = message.attachments
    assert picture.filename.endswith("-9.jpg")
    assert len(picture.data) <= 100_000
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.format == "JPEG"


async def test_the_original_of_a_shrunk_picture_comes_as_a_file_to_whoever_asks(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.state.upload_limit = 100_000
    engine.side = 384
    message = await drawn(discord, seed=9, count=2)
    discord.state.upload_limit = 10_000_000
    press = await discord.press(message, button(message, "file"), Typed(STRANGER))
    await discord.until(lambda: len(press.messages) == 2)
    assert all(answer.ephemeral for answer in press.messages)
    files = [attachment for answer in press.messages for attachment in answer.attachments]
    assert [file.filename[-6:] for file in files] == ["-9.png", "10.png"]
    with Image.open(io.BytesIO(files[0].data)) as image:
        assert "Seed: 9" in image.info["parameters"]


async def test_an_original_that_is_too_large_or_gone_is_explained(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    discord.state.upload_limit = 100_000
    engine.side = 384
    message = await drawn(discord, seed=9)
    press = await discord.press(message, button(message, "file"))
    await discord.until(lambda: press.messages and "larger than Discord takes" in press.messages[0].content)
    for path in (bot.settings.data / "pictures").iterdir():
        path.unlink()
    press = await discord.press(message, button(message, "file"))
    await discord.until(lambda: press.messages and "--seed 9" in press.messages[0].content)


async def test_what_stays_too_large_costs_nothing(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    job = await held(discord, engine)
    discord.state.upload_limit = 10
    engine.gate.set()
    done = await bot.studio.wait(job.job_id)
    assert (done.state, done.reason) == (State.FAILED, "undeliverable-too-large")
    assert "too large" in job.message.content


async def test_a_member_who_brought_the_bot_along_gets_the_picture(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord, typed=Typed(at=ELSEWHERE))
    assert len(message.attachments) == 1


async def test_where_the_bot_is_no_member_a_late_picture_goes_to_the_author(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    job = await held(discord, engine, Typed(at=ELSEWHERE))
    job.command.expired = True
    engine.gate.set()
    await bot.studio.wait(job.job_id)
    assert len(discord.posted(PRIVATE)) == 1
