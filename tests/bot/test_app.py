"""The bot as a whole: put together from settings, and taken apart whatever happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.members.origin import Origin
from bot.storage.database import DatabaseError
from tests.bot.conftest import Start
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.settings import bot_settings


async def test_the_settings_reach_the_parts(
    start_bot: Start, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    async with start_bot(engine_key="secret", language="id", burst=5, pictures_per_hour=7) as app:
        await app.studio.wait((await app.studio.submit(origin, DrawRequest("draw", "a fox"))).id)
        quota = await app.limits.quota("console", "ani")
        assert (quota.left, quota.burst, quota.per_hour) == (4, 5, 7)
        assert app.replies.for_locale("fr").locale == "id"
    assert scripted.authorizations == ["Bearer secret"]


async def test_the_engine_need_not_be_there_at_the_start(start_bot: Start, scripted: ScriptedEngine) -> None:
    await scripted.stop()
    async with start_bot() as app:
        assert await app.studio.recover("console") == 0


async def test_a_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "sanggar.db").write_text("no database" * 100)
    with pytest.raises(DatabaseError):
        await Application(bot_settings(data=tmp_path)).__aenter__()
