"""A platform that breaks is connected again; one that refuses the token is not."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Application
from bot.cli.platform import Platform
from bot.frontends.platforms import PlatformEntry


class InvalidToken(Exception):
    """As a platform's library names it."""


class Flaky:
    """Its lives end as ``ENDS`` says, one after the other; then it serves."""

    ENDS: list[Exception]
    LIVES: int
    SERVING: asyncio.Event

    def __init__(self, app: Application) -> None:
        Flaky.LIVES += 1
        self._closed = asyncio.Event()

    async def run(self) -> None:
        if Flaky.ENDS:
            raise Flaky.ENDS.pop(0)
        Flaky.SERVING.set()
        await self._closed.wait()

    async def close(self) -> None:
        self._closed.set()


ENTRY = PlatformEntry("Flaky", "telegram_token", f"{__name__}:Flaky", ("InvalidToken",))


class Ear:
    """What was said; ``heard`` once something was."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.heard = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self.heard.set()


@pytest.fixture
async def ear() -> Ear:
    return Ear()


def flaky(app: Application, ear: Ear, *ends: Exception, pause: float = 0.01) -> Platform:
    Flaky.ENDS, Flaky.LIVES, Flaky.SERVING = list(ends), 0, asyncio.Event()
    return Platform(ENTRY, app, ear, first_pause=pause)


async def test_a_platform_that_broke_is_connected_again(app: Application, ear: Ear) -> None:
    platform = flaky(app, ear, OSError("cut off"), OSError("cut off"))
    await Flaky.SERVING.wait()
    assert not platform.task.done()
    await platform.close()
    assert Flaky.LIVES == 3
    assert [line.split(";")[0] for line in ear.lines] == ["flaky    │ failed: OSError: cut off"] * 2


async def test_a_refused_token_is_told_and_not_tried_again(app: Application, ear: Ear) -> None:
    await flaky(app, ear, InvalidToken("unknown")).task
    assert Flaky.LIVES == 1
    assert ear.lines == ["flaky    │ SANGGAR_TELEGRAM_TOKEN: unknown. `sanggar doctor` says what to do."]


async def test_closing_does_not_wait_for_the_next_attempt(app: Application, ear: Ear) -> None:
    platform = flaky(app, ear, OSError("cut off"), pause=3600)
    await ear.heard.wait()
    await platform.close()
    assert platform.task.done()
    assert Flaky.LIVES == 1
