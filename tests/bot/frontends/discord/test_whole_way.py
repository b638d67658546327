"""Every real part: discord.py on a socket, the studio on SQLite, the engine process with nano."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.jobs.job import State
from tests.bot.frontends.discord.looks import Start, actions, drawn, job_id, told
from tests.discord_server import MODERATOR, LocalDiscord, Message, Typed

PROMPT = "a clever mouse-deer by the river"


def pixels(message: Message) -> tuple[bytes, str]:
    """The posted picture, and the parameters in its text chunk."""
    [attachment] = message.attachments
    with Image.open(io.BytesIO(attachment.data)) as image:
        assert image.format == "PNG"
        return image.convert("RGB").tobytes(), image.info["parameters"]


@pytest.mark.timeout(900)
async def test_from_the_interaction_to_the_posted_picture(discord: LocalDiscord, start: Start, nano: str) -> None:
    async with start(engine_url=nano) as app:
        message = await drawn(discord, "draw", prompt=PROMPT, seed=777, steps=6, size="square")
        picture, parameters = pixels(message)
        assert parameters.startswith(PROMPT)
        assert "Steps: 6" in parameters
        assert "Seed: 777" in parameters
        assert len(set(picture)) > 50, "one flat colour is no drawing"
        assert "777" in message.content
        assert actions(message) == ["again", "file", "delete"]
        job = await app.studio.wait(job_id(message))
        assert (job.state, job.message) == (State.DELIVERED, f"{message.place.channel}/{message.id}")

        again = await drawn(discord, "draw", prompt=PROMPT, seed=777, steps=6, size="square")
        other = await drawn(discord, "draw", prompt=PROMPT, seed=778, steps=6, size="square")
        assert pixels(again)[0] == picture
        assert pixels(other)[0] != picture
        assert "/kancil" in await told(discord, "adapter list", Typed(MODERATOR))
