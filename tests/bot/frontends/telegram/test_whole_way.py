"""From the update to the posted picture through every real part: the engine process draws with nano."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.bot.frontends.telegram.conftest import Start
from tests.bot.frontends.telegram.reading import documents, draw, settled, toast
from tests.telegram_server import TelegramServer


@pytest.mark.timeout(180)
async def test_a_command_is_drawn_by_the_engine_process_and_posted(
    telegram: TelegramServer, start: Start, nano: str
) -> None:
    ani = telegram.user("Ani")
    chat = telegram.private(ani)
    async with start(engine_url=nano) as app:
        message = await draw(telegram, chat, ani, "/draw a deer by the river --seed 777 --steps 3")
        job = await settled(app, message)
        assert await toast(telegram, ani, message, "file") == ""
        document = await telegram.until(lambda: next(iter(documents(telegram)), None))
    assert job.state == "delivered"
    with Image.open(io.BytesIO(document.content)) as picture:
        assert picture.format == "PNG"
        assert "Seed: 777" in picture.info["parameters"]
        assert "Steps: 3" in picture.info["parameters"]
        assert len(picture.convert("RGB").getcolors(2**20) or []) > 100
    for words in ("a deer by the river", "777", "3 steps"):
        assert words in message.text
