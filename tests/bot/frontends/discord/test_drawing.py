"""From the interaction to the posted picture."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from PIL import Image

from bot.app import Application
from bot.frontends.discord import interactions
from bot.jobs.job import State
from tests.bot.frontends.discord.looks import Start, actions, button, drawn, finished
from tests.bot.kit.behaviours import drawing, partial, waiting
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import MODERATOR, STRANGER, LocalDiscord, Typed

SUPPRESS_EMBEDS = 1 << 2


async def test_a_command_becomes_its_picture_in_the_same_message(discord: LocalDiscord, bot: Application) -> None:
    values = {"prompt": "a clever mouse-deer by the river", "seed": 777, "cfg": 7.5, "steps": 30}
    command = await discord.command("kancil", values)
    await discord.until(lambda: finished(command))
    [message] = command.messages
    assert not message.ephemeral
    assert not message.loading
    [picture] = message.attachments
    assert picture.filename.endswith("-777.png")
    assert picture.description == values["prompt"]
    with Image.open(io.BytesIO(picture.data)) as image:
        assert "Seed: 777" in image.info["parameters"]
    for words in ("mouse-deer", "777", "7.5", "30", "DPM++ 2M", "512x512", "adapter kancil"):
        assert words in message.content
    assert message.allowed_mentions == {"parse": []}
    assert actions(message) == ["again", "file", "delete"]


async def test_the_first_answer_has_words_and_a_cancel_button_however_long_the_engine_is_silent(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    await engine.stop()
    command = await discord.command("draw", {"prompt": "a fox discord.gg/abc"})
    await discord.until(lambda: command.messages)
    [message] = command.messages
    assert command.response is not None
    assert command.response["type"] == 4
    assert not message.ephemeral
    assert "On its way" in message.content
    assert actions(message) == ["cancel"]
    assert message.flags & SUPPRESS_EMBEDS


async def test_a_slow_journal_is_announced_and_its_job_lives_in_that_message(
    discord: LocalDiscord, bot: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interactions, "ACKNOWLEDGE_SECONDS", 0.0)
    message = await drawn(discord)
    [interaction] = discord.state.interactions.values()
    assert interaction.response == {"type": 5}
    assert discord.posted() == [message]


async def test_the_message_is_found_where_discord_does_not_name_it(discord: LocalDiscord, bot: Application) -> None:
    discord.state.names_answers = False
    message = await drawn(discord)
    assert actions(message) == ["again", "file", "delete"]
    assert discord.posted() == [message]


async def test_progress_and_a_partial_picture_are_shown_until_the_picture_replaces_them(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.gate.clear()
    engine.before = [waiting(), drawing(2, 20), partial(10, 20)]
    command = await discord.command("draw", {"prompt": "a fox"})
    await discord.until(lambda: command.messages and command.messages[0].attachments)
    [message] = command.messages
    assert message.attachments[0].filename.startswith("preview")
    assert "▰▰▰▰▰▰▱▱▱▱▱▱" in message.content
    assert "10 of 20" in message.content
    assert actions(message) == ["cancel"]
    engine.gate.set()
    await discord.until(lambda: finished(command))
    assert [a.filename.startswith("sanggar") for a in message.attachments] == [True]
    assert "▰" not in message.content


async def test_a_flood_of_progress_makes_few_edits(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.before = [waiting(), *(drawing(step, 100) for step in range(1, 101))]
    engine.gate.clear()
    command = await discord.command("draw", {"prompt": "a fox"})
    await engine.told.wait()
    await discord.until(lambda: command.messages and "100 of 100" in command.messages[0].content)
    assert discord.state.count("PATCH", command.token) <= 3
    times = [r.at for r in discord.state.requests if r.method == "PATCH"]
    assert all(later - earlier > 1 for earlier, later in pairwise(times))
    engine.gate.set()
    await discord.until(lambda: finished(command))


async def test_several_pictures_come_in_one_message(discord: LocalDiscord, bot: Application) -> None:
    command = await discord.command("draw", {"prompt": "a fox", "count": 3, "seed": 5, "size": "wide"})
    await discord.until(lambda: finished(command))
    [message] = command.messages
    assert [a.filename.rpartition("-")[2] for a in message.attachments] == ["5.png", "6.png", "7.png"]
    assert "896x512" in message.content


async def test_a_prompt_is_shown_as_it_was_typed_and_calls_nobody(discord: LocalDiscord, bot: Application) -> None:
    prompt = "@everyone **bold** <@1300000000000000002> [a](http://b.example) `c` ~~d~~"
    command = await discord.command("draw", {"prompt": prompt})
    await discord.until(lambda: finished(command))
    [message] = command.messages
    shown = r"\*\*bold\*\* \<@1300000000000000002\> \[a\](http\://b.example) \`c\` \~\~d\~\~"
    assert f"@\u200beveryone {shown}" in message.content
    assert message.allowed_mentions == {"parse": []}


async def test_the_longest_prompt_fits_however_it_is_escaped(discord: LocalDiscord, bot: Application) -> None:
    command = await discord.command("draw", {"prompt": "*" * 1000, "negative": "_" * 1000})
    await discord.until(lambda: finished(command))
    assert "seed" in command.messages[0].content


async def test_the_member_can_stop_the_drawing(discord: LocalDiscord, bot: Application, engine: ScriptedEngine) -> None:
    engine.gate.clear()
    command = await discord.command("draw", {"prompt": "a fox"})
    await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    [message] = command.messages
    custom_id = button(message, "cancel")
    await discord.press(message, custom_id)
    await discord.until(lambda: "cancelled" in message.content)
    assert len(engine.stopped) == 1
    job = await bot.studio.job(custom_id.rpartition(":")[2])
    assert job is not None
    assert job.state is State.CANCELLED


async def test_a_moderator_can_stop_the_drawing_of_others(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    engine.gate.clear()
    command = await discord.command("draw", {"prompt": "a fox"})
    await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    [message] = command.messages
    await discord.press(message, button(message, "cancel"), Typed(MODERATOR))
    await discord.until(lambda: "cancelled" in message.content)
    assert len(engine.stopped) == 1


async def test_nobody_else_can_stop_it(discord: LocalDiscord, bot: Application, engine: ScriptedEngine) -> None:
    engine.gate.clear()
    command = await discord.command("draw", {"prompt": "a fox"})
    await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    press = await discord.press(command.messages[0], button(command.messages[0], "cancel"), Typed(STRANGER))
    await discord.until(lambda: press.followups)
    assert press.followups[0].ephemeral
    assert press.followups[0].content.startswith("Only the member who asked for it, or a moderator")
    engine.gate.set()
    await discord.until(lambda: finished(command))


async def test_who_has_no_pictures_left_is_told_alone(discord: LocalDiscord, start: Start) -> None:
    async with start(burst=4):
        command = await discord.command("draw", {"prompt": "a fox", "count": 4})
        await discord.until(lambda: finished(command))
        refused = await discord.command("draw", {"prompt": "a fox"})
        await discord.until(lambda: refused.messages)
    [answer] = refused.messages
    assert refused.response is not None
    assert refused.response["type"] == 4, "refused at once, without announcing anything to everybody"
    assert answer.ephemeral
    assert "Come back in" in answer.content
    assert len(discord.posted()) == 1
