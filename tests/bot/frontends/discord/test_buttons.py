"""The buttons under a picture, also after a restart."""

from __future__ import annotations

from functools import partial

from bot.app import Application
from tests.bot.frontends.discord.looks import Start, actions, button, drawn, finished
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import DM, MEMBER, MODERATOR, STRANGER, LocalDiscord, Typed


async def test_again_draws_the_same_request_with_a_new_seed_in_a_message_of_its_own(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    message = await drawn(discord, "kancil", seed=777, cfg=9.0, negative="rain")
    press = await discord.press(message, button(message, "again"))
    await discord.until(lambda: finished(press))
    [other] = press.messages
    assert other.id != message.id
    first, second = engine.requests
    assert second.seed != first.seed == 777
    assert second.model_copy(update={"seed": 777}) == first.model_copy(update={"user": second.user})
    assert len(message.attachments) == 1


async def test_again_costs_whoever_presses_it(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord)
    press = await discord.press(message, button(message, "again"), Typed(STRANGER))
    await discord.until(lambda: finished(press))
    burst = bot.settings.burst
    assert (await bot.limits.quota("discord", str(STRANGER.id))).left == burst - 1


async def test_buttons_work_after_a_restart(discord: LocalDiscord, start: Start) -> None:
    async with start():
        message = await drawn(discord)
    async with start():
        press = await discord.press(message, button(message, "again"))
        await discord.until(lambda: finished(press))
        await discord.press(message, button(message, "delete"))
        await discord.until(lambda: message.deleted)
    assert finished(press)


async def test_a_moderator_deletes_what_others_drew(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord)
    await discord.press(message, button(message, "delete"), Typed(MODERATOR))
    await discord.until(lambda: message.deleted)
    assert message.deleted


async def test_nobody_else_deletes_it(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord)
    press = await discord.press(message, button(message, "delete"), Typed(STRANGER, locale="id"))
    await discord.until(lambda: press.followups)
    assert press.followups[0].ephemeral
    assert press.followups[0].content.startswith("Hanya anggota")
    assert not message.deleted


async def test_buttons_speak_the_language_of_the_member(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord, typed=Typed(locale="id"))
    english = await drawn(discord)
    assert list(message.buttons().values()) != list(english.buttons().values())
    assert actions(message) == actions(english)


async def test_pictures_and_buttons_work_in_a_private_chat(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord, typed=Typed(at=DM))
    await discord.press(message, button(message, "delete"), Typed(at=DM))
    await discord.until(lambda: message.deleted)
    assert message.deleted


async def test_whoever_pressed_again_is_named_in_words_and_picture(discord: LocalDiscord, bot: Application) -> None:
    message = await drawn(discord)
    assert f"<@{MEMBER.id}>" not in message.content
    press = await discord.press(message, button(message, "again"), Typed(STRANGER))
    await discord.until(lambda: press.messages)
    assert press.messages[0].content.startswith(f"<@{STRANGER.id}> asked for it again.")
    await discord.until(lambda: finished(press))
    assert press.messages[0].content.startswith(f"<@{STRANGER.id}> asked for it again.")
    assert press.messages[0].allowed_mentions == {"parse": []}


async def test_a_button_that_the_message_does_not_have_does_nothing_and_says_so(
    discord: LocalDiscord, bot: Application
) -> None:
    first, second = await drawn(discord), await drawn(discord)
    for custom_id in (button(first, "delete"), "sanggar:explode:abcdefgh", "other"):
        press = await discord.forge(second, custom_id)
        await discord.until(partial(getattr, press, "messages"))
        [answer] = press.messages
        assert answer.ephemeral
        assert "no longer works" in answer.content
    assert not first.deleted
    assert not second.deleted
