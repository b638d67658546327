"""From the interaction to the posted picture."""

from __future__ import annotations

import io

from PIL import Image

from bot.app import Application
from tests.bot.frontends.discord.small_engine import SmallEngine
from tests.discord_server import LocalDiscord


async def test_a_command_becomes_its_picture_in_the_same_message(
    discord: LocalDiscord, bot: Application, engine: SmallEngine
) -> None:
    values = {"prompt": "a clever mouse-deer by the river", "seed": 777, "cfg": 7.5, "steps": 30}
    command = await discord.command("kancil", values)
    await discord.until(lambda: command.original and command.original.attachments)
    [message] = command.messages
    assert not message.ephemeral
    assert not message.loading
    [picture] = message.attachments
    assert picture.filename.endswith("-777.png")
    with Image.open(io.BytesIO(picture.data)) as image:
        assert "Seed: 777" in image.info["parameters"]
    for words in ("mouse-deer", "777", "7.5", "30"):
        assert words in message.content
    assert message.allowed_mentions == {"parse": []}
    assert [i.split(":")[1] for i in message.buttons()] == ["again", "delete"]
