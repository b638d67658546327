"""What is removed by age, and what stays."""

from __future__ import annotations

import pytest

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.frontends.telegram.message_records import MessageRecord, MessageRecords
from bot.jobs import retention
from bot.jobs.retention import remove_old_jobs
from bot.members.origin import Origin
from tests.bot.kit.courier import Recorder


async def test_finished_jobs_go_by_age_with_their_messages_and_unfinished_ones_stay(
    app: Application, origin: Origin, courier: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    fox, records = DrawRequest("draw", "a fox"), MessageRecords(app.database)
    old = [await app.studio.wait((await app.studio.submit(origin, fox)).id) for _ in range(5)]
    courier.gate.clear()
    held = await app.studio.submit(origin, fox)
    await records.save(MessageRecord(old[0].id, status=7))
    await records.save(MessageRecord(held.id, status=8))
    async with app.database.transaction() as connection:
        await connection.execute("UPDATE jobs SET changed_at = changed_at - 1000")
    courier.gate.set()
    young = await app.studio.wait(held.id)
    assert await remove_old_jobs(app.database, young.created_at - 500) == 5
    assert [await app.studio.job(job.id) for job in old] == [None] * 5
    assert await app.studio.job(young.id) == young
    assert [(await records.get(job.id)).status for job in (old[0], young)] == [None, 8]
