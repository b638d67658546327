"""What the tests start the bot with, and what they look for in a message."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.app import Application
from tests.discord_server import AS_MEMBER, LocalDiscord, Message, Typed
from tests.discord_server.state import Interaction

Make = Callable[..., Application]
Start = Callable[..., AbstractAsyncContextManager[Application]]


def actions(message: Message) -> list[str]:
    """What the buttons of a message do."""
    return [custom_id.split(":")[1] for custom_id in message.buttons()]


def button(message: Message, action: str) -> str:
    [custom_id] = [custom_id for custom_id in message.buttons() if f":{action}:" in custom_id]
    return custom_id


def finished(interaction: Interaction) -> bool:
    """Whether the picture is there."""
    return any("delete" in actions(message) for message in interaction.messages)


def job_id(message: Message) -> str:
    """The job that the buttons of a message belong to."""
    return next(iter(message.buttons())).rpartition(":")[2]


async def drawn(discord: LocalDiscord, style: str = "draw", typed: Typed = AS_MEMBER, **values: object) -> Message:
    """The finished message of a command."""
    command = await discord.command(style, {"prompt": "a fox", **values}, typed)
    await discord.until(lambda: finished(command))
    [message] = command.messages
    return message


async def told(discord: LocalDiscord, path: str, typed: Typed = AS_MEMBER, **values: object) -> str:
    """What a command answers to the member alone."""
    command = await discord.command(path, dict(values), typed)
    await discord.until(lambda: command.messages and not command.messages[0].loading)
    [message] = command.messages
    assert message.ephemeral
    return message.content
