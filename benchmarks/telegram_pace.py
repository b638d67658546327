"""How long one Telegram chat makes others wait, and a crowd its own group.

``python -m benchmarks.telegram_pace`` runs the bot on a local Telegram and a scripted engine, at the pace that Telegram
allows. Exit code 1 if a chat that types ``/quota`` twice a second costs the others more than FLOOD_COST seconds, or if
the first picture for a crowd of 25 comes more than FIRST_SECONDS after the engine's first.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import Application
from bot.frontends.telegram import TelegramFrontend
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.settings import bot_settings
from tests.telegram_server import TelegramServer
from tests.telegram_server.server import TOKEN
from tests.telegram_server.world import BOT

FLOOD_COST, FIRST_SECONDS = 0.05, 3.0
FLOOD_PAUSE, ASK_PAUSE = 0.5, 0.3
MEMBERS = 25
LOOK = 0.005


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[TelegramServer, ScriptedEngine]]:
    """The bot, connected."""
    async with TelegramServer() as telegram, ScriptedEngine() as engine:
        settings = bot_settings(
            data=folder, engine_url=engine.url, telegram_token=TOKEN, telegram_api=telegram.url, shutdown_grace=0.0
        )
        async with Application(settings) as app:
            frontend = TelegramFrontend(app)
            running = asyncio.create_task(frontend.run())
            await seconds_until(lambda: telegram.polls > 0)
            yield telegram, engine
            await app.studio.close(0.0)
            await frontend.close()
            await running


async def seconds_until(condition: Callable[[], bool]) -> float:
    """How long it took."""
    start = time.perf_counter()
    while not condition():  # noqa: ASYNC110 - what it looks at tells nobody
        await asyncio.sleep(LOOK)
    return time.perf_counter() - start


async def waits(telegram: TelegramServer, count: int) -> list[float]:
    """Seconds from the command to the answer, for so many members in chats of their own."""
    found = []
    for number in range(count):
        user = telegram.user(f"Member{number}")
        chat = telegram.private(user)
        telegram.say(chat, user, "/quota")
        found.append(await seconds_until(lambda chat=chat: any(one.sender.id == BOT for one in chat.visible)))  # type: ignore[misc]
        await asyncio.sleep(ASK_PAUSE)
    return found


async def flood(telegram: TelegramServer) -> None:
    """A member who types ``/quota`` until cancelled."""
    user = telegram.user("Flood")
    while True:
        telegram.say(telegram.private(user), user, "/quota")
        await asyncio.sleep(FLOOD_PAUSE)


async def crowd(telegram: TelegramServer, engine: ScriptedEngine) -> tuple[float, float, float]:
    """Seconds until the engine's first picture, and until the first and the last picture in the group."""
    users = [telegram.user(f"Crowd{number}") for number in range(MEMBERS)]
    group = telegram.group(*users)

    def pictures() -> int:
        return sum(one.file is not None for one in group.visible)

    for user in users:
        telegram.say(group, user, "/draw a red fox")
    drawn = await seconds_until(lambda: bool(engine.requests))
    first = drawn + await seconds_until(lambda: pictures() > 0)
    return drawn, first, first + await seconds_until(lambda: pictures() == MEMBERS)


def quantiles(values: list[float]) -> tuple[float, float]:
    """The median and the 90th percentile."""
    tenths = statistics.quantiles(values, n=10)
    return tenths[4], tenths[8]


async def run(count: int, folder: Path) -> bool:
    """Prints the figures; whether they are within their bounds."""
    async with serving(folder) as (telegram, engine):
        await waits(telegram, 2)
        calm = quantiles(await waits(telegram, count))
        flooding = asyncio.create_task(flood(telegram))
        flooded = quantiles(await waits(telegram, count))
        flooding.cancel()
        for name, (median, high) in (("alone", calm), ("beside a flood", flooded)):
            print(f"another chat's answer, {name}: p50 {median:.3f} s, p90 {high:.3f} s")
        drawn, first, last = await crowd(telegram, engine)
        print(f"{MEMBERS} members: engine {drawn:.2f} s, first picture {first:.2f} s, last picture {last:.2f} s")
    return flooded[0] - calm[0] <= FLOOD_COST and first - drawn <= FIRST_SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.telegram_pace", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="commands of other chats")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sanggar-pace-") as folder:
        raise SystemExit(not asyncio.run(run(options.count, Path(folder))))


if __name__ == "__main__":
    main()
