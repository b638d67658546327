"""What goes wrong, each for a moment; afterwards everything works again, as it does in life."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from random import Random

from benchmarks.chaos.world import World
from tests.bot.kit.behaviours import break_off, break_off_at_once, end_early, send

Fault = Callable[[World, Random], Awaitable[None]]
PIECE = 64 * 1024


async def bot_killed(world: World, dice: Random) -> None:
    await world.kill()
    await asyncio.sleep(dice.uniform(0, 0.5))
    await world.start()


async def bot_killed_while_answers_are_lost(world: World, dice: Random) -> None:
    """What the bot sent last took effect, but it never heard so."""
    for method in ("sendMessage", "sendPhoto", "editMessageMedia"):
        world.telegram.fail(method, 0, after=True, times=1)
    world.discord.fail("PATCH", "@original", 500, times=2, after=True)
    await asyncio.sleep(dice.uniform(0.1, 1))
    await bot_killed(world, dice)
    world.telegram.mend()


async def engine_killed(world: World, dice: Random) -> None:
    await world.engine.stop()
    await asyncio.sleep(dice.uniform(0.2, 3))
    await world.engine.start()


async def engine_hung(world: World, dice: Random) -> None:
    world.engine.gate.clear()
    await asyncio.sleep(dice.uniform(1, 5))
    world.engine.gate.set()


async def streams_cut(world: World, dice: Random) -> None:
    cuts = [break_off, break_off_at_once, end_early, send(b""), send(b"\x89PNG\r\n")]
    world.engine.script.extend(dice.choice(cuts) for _ in range(5))
    await asyncio.sleep(1)


async def database_locked(world: World, dice: Random) -> None:
    connection = sqlite3.connect(world.database, isolation_level=None, timeout=1)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        await asyncio.sleep(dice.uniform(2, 12))
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        pass  # the bot was writing all the time
    finally:
        connection.close()


async def disk_full(world: World, dice: Random) -> None:
    filler = world.folder / "filler"
    if shutil.disk_usage(world.folder).total > 1 << 30:
        return  # no file system of its own: nothing is filled that others use
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(PIECE))
                file.flush()
        except OSError:
            pass
    await asyncio.sleep(dice.uniform(1, 6))
    filler.unlink()


async def platforms_down(world: World, dice: Random) -> None:
    world.telegram.fail("sendMessage", 502, times=3)
    world.telegram.fail("editMessageMedia", 502, times=3)
    world.telegram.fail("sendPhoto", 429, "Too Many Requests: retry after 2", parameters={"retry_after": 2}, times=2)
    world.discord.fail("PATCH", "@original", 503, times=4)
    world.discord.fail("POST", "/webhooks/", 503, times=2)
    await asyncio.sleep(2)
    world.telegram.mend()


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        *(bot_killed, bot_killed_while_answers_are_lost, engine_killed, engine_hung),
        *(streams_cut, database_locked, disk_full, platforms_down),
    )
}
KILLS = ("bot_killed", "bot_killed_while_answers_are_lost")
