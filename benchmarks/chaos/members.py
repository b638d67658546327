"""Members who draw on both platforms; each command has a seed of its own, by which its pictures are known."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from PIL import Image

from benchmarks.chaos.world import World
from tests.discord_server import MEMBER, STRANGER, Typed
from tests.discord_server.state import Interaction
from tests.telegram_server import Chat, User

STYLES = ("kancil", "retro", "landscape", "draw")
CHATS = 20


class Command(Protocol):
    """A member's command."""

    @property
    def seed(self) -> int:
        """The seed that no other command has."""
        ...

    @property
    def place(self) -> object:
        """The chat or channel in which it was given."""
        ...

    @property
    def acknowledged(self) -> bool:
        """Whether the platform was told that the command came."""
        ...

    @property
    def words(self) -> bool:
        """Whether the member reads anything in answer."""
        ...

    def pictures(self, seed: int) -> int:
        """How many finished pictures of that seed stand where this command's belong."""
        ...

    @property
    def unfinished(self) -> bool:
        """Whether the member still reads that something is on its way."""
        ...


@dataclass(frozen=True)
class TelegramCommand:
    seed: int
    world: World
    chat: Chat
    update: int

    @property
    def place(self) -> object:
        return self.chat.id

    @property
    def acknowledged(self) -> bool:
        return self.world.telegram.offset > self.update

    @property
    def words(self) -> bool:
        return any(not one.text.startswith("/") for one in self.chat.visible)

    def pictures(self, seed: int) -> int:
        return sum(finished(one.file.content) == seed for one in self.chat.visible if one.file)

    @property
    def unfinished(self) -> bool:
        return any(
            str(button.get("callback_data", "")).startswith("cancel:")
            for one in self.chat.visible
            for button in one.buttons
        )


@dataclass(frozen=True)
class DiscordCommand:
    seed: int
    world: World
    interaction: Interaction

    @property
    def place(self) -> object:
        return self.interaction.place

    @property
    def acknowledged(self) -> bool:
        return self.interaction.response is not None

    @property
    def words(self) -> bool:
        return any(one.content or one.attachments for one in self.interaction.messages) or self.pictures(self.seed) > 0

    def pictures(self, seed: int) -> int:
        place = self.interaction.place
        messages = self.world.discord.posted(place)
        return sum(finished(file.data) == seed for message in messages for file in message.attachments)

    @property
    def unfinished(self) -> bool:
        return any(
            message.loading or any(":cancel:" in key for key in message.buttons())
            for message in self.interaction.messages
        )


class Members:
    """Twenty people on Telegram, each in a chat with the bot, and two on Discord in a server."""

    def __init__(self, world: World, dice: Random) -> None:
        self._world, self.dice = world, dice
        self._users: Sequence[User] = [world.telegram.user(f"Member{number}") for number in range(CHATS)]
        self.commands: list[Command] = []

    async def ask(self) -> None:
        """Somebody draws."""
        seed, style = 1000 + len(self.commands), self.dice.choice(STYLES)
        command = await self._on_discord(seed, style) if self.dice.random() < 0.5 else self._on_telegram(seed, style)
        if command:
            self.commands.append(command)

    def _on_telegram(self, seed: int, style: str) -> Command:
        user = self.dice.choice(self._users)
        chat, telegram = self._world.telegram.private(user), self._world.telegram
        telegram.say(chat, user, f"/{style} a red fox --seed {seed}")
        return TelegramCommand(seed, self._world, chat, telegram.updates[-1]["update_id"])

    async def _on_discord(self, seed: int, style: str) -> Command | None:
        discord = self._world.discord
        if not discord.state.commands:
            return None
        who = Typed(by=self.dice.choice([MEMBER, STRANGER]))
        interaction = await discord.command(style, {"prompt": "a red fox", "seed": seed}, who)
        return DiscordCommand(seed, self._world, interaction)


def finished(picture: bytes) -> int | None:
    """The seed in a finished picture; None for a partial one, which carries no parameters."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            text = str(image.info.get("parameters", ""))
    except OSError:
        return None
    _, found, rest = text.partition("Seed: ")
    return int(rest.split(",")[0]) if found else None
