"""Restarts, crashes and broken connections: every accepted job is posted, once."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from bot.app import Application
from bot.jobs.job import State
from tests.bot.frontends.discord.looks import Start, actions, drawn, job_id
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import MEMBER, LocalDiscord

HOUR = 3600.0


def rewrite(folder: Path, job: str, **columns: object) -> None:
    """The journal as a crash or a long pause would have left it."""
    assignments = ", ".join(f"{column} = ?" for column in columns)
    with sqlite3.connect(folder / "sanggar.db") as database:
        changed = database.execute(f"UPDATE jobs SET {assignments} WHERE id = ?", (*columns.values(), job))
    database.close()
    assert changed.rowcount == 1


async def test_a_job_of_before_the_restart_is_posted_in_its_message_once(
    discord: LocalDiscord, start: Start, engine: ScriptedEngine
) -> None:
    engine.gate.clear()
    async with start():
        command = await discord.command("kancil", {"prompt": "a fox", "seed": 3})
        await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    job = job_id(command.messages[0])
    engine.gate.set()
    async with start() as app:
        assert (await app.studio.wait(job)).state is State.DELIVERED
    assert discord.posted() == command.messages
    assert [a.filename for a in command.messages[0].attachments] == [f"sanggar-{job}-3.png"]


async def test_after_a_long_pause_it_is_posted_as_an_ordinary_message(
    discord: LocalDiscord, start: Start, engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.gate.clear()
    async with start():
        command = await discord.command("draw", {"prompt": "a fox"})
        await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
    job = job_id(command.messages[0])
    rewrite(tmp_path, job, created_at=time.time() - HOUR)
    edits = discord.state.count("PATCH", command.token)
    engine.gate.set()
    async with start() as app:
        await app.studio.wait(job)
    [message] = discord.posted()
    assert message is not command.original
    assert message.content.startswith(f"<@{MEMBER.id}>")
    assert discord.state.count("PATCH", command.token) == edits


async def test_a_crash_between_posting_and_writing_it_down_posts_nothing_twice(
    discord: LocalDiscord, start: Start, tmp_path: Path
) -> None:
    async with start():
        message = await drawn(discord)
    for created in (time.time(), time.time() - HOUR):
        rewrite(tmp_path, job_id(message), state="drawn", created_at=created)
        async with start() as app:
            assert (await app.studio.wait(job_id(message))).state is State.DELIVERED
        assert discord.posted() == [message]


async def test_a_crash_after_a_late_picture_was_posted_posts_nothing_twice(
    discord: LocalDiscord, start: Start, engine: ScriptedEngine, tmp_path: Path
) -> None:
    """Discord forgets a nonce within minutes; the picture is found among the channel's messages."""
    engine.gate.clear()
    async with start() as app:
        command = await discord.command("draw", {"prompt": "a fox"})
        await discord.until(lambda: command.messages and actions(command.messages[0]) == ["cancel"])
        job = job_id(command.messages[0])
        command.expired = True
        engine.gate.set()
        await app.studio.wait(job)
    [message] = discord.posted()
    message.nonce = None
    rewrite(tmp_path, job, state="drawn", created_at=time.time() - HOUR)
    async with start() as app:
        done = await app.studio.wait(job)
    assert (done.state, done.message) == (State.DELIVERED, f"{message.place.channel}/{message.id}")
    assert discord.posted() == [message]


async def test_a_broken_connection_is_resumed_and_loses_no_command(discord: LocalDiscord, bot: Application) -> None:
    await drawn(discord)
    await discord.sockets.ask_to_reconnect()
    await drawn(discord)
    await discord.until(lambda: discord.sockets.resumed == 1)
    assert discord.sockets.identified == 1
