"""The bot process is killed at a bad moment: what was accepted is drawn and delivered by the next one, once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.jobs.job import State
from tests.bot.conftest import Start
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine
from tests.kit import ROOT


@asynccontextmanager
async def victim(folder: Path, engine_url: str) -> AsyncIterator[asyncio.StreamReader]:
    """What the process says; it is killed in the end."""
    command = [sys.executable, "-m", "tests.bot.kit.victim", str(folder), engine_url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["drawing", "delivering"])
async def test_a_killed_bot_delivers_after_its_restart(
    start_bot: Start, courier: Recorder, scripted: ScriptedEngine, tmp_path: Path, moment: str
) -> None:
    if moment == "drawing":
        scripted.gate.clear()
    async with victim(tmp_path, scripted.url) as says:
        job_id, seed = (await says.readline()).decode().split()
        while (await says.readline()).decode().strip() != moment:
            pass
    scripted.gate.set()
    async with start_bot() as app:
        assert await app.studio.recover("console") == 1
        done = await app.studio.wait(job_id)
    assert (done.state, done.seed, done.style.adapter) == (State.DELIVERED, int(seed), "kancil")
    [(delivered, [picture])] = courier.delivered
    assert (delivered.id, picture.seed) == (job_id, int(seed))
    assert scripted.requests[0] == scripted.requests[-1]
