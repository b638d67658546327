"""A platform that breaks is connected again; one that refuses the token is not."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Application
from bot.cli.platform import Platform
from bot.frontends.platforms import PlatformEntry
from tests.kit.output import Output


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


@pytest.fixture
def output() -> Output:
    return Output()


def flaky(app: Application, output: Output, *ends: Exception, pause: float = 0.01) -> Platform:
    Flaky.ENDS, Flaky.LIVES, Flaky.SERVING = list(ends), 0, asyncio.Event()
    return Platform(ENTRY, app, output.say, first_pause=pause)


async def test_a_platform_that_broke_is_connected_again(app: Application, output: Output) -> None:
    platform = flaky(app, output, OSError("cut off"), OSError("cut off"))
    await Flaky.SERVING.wait()
    assert not platform.task.done()
    await platform.close()
    assert Flaky.LIVES == 3
    assert [line.split(";")[0] for line in output.lines] == ["flaky    │ failed: OSError: cut off"] * 2


async def test_a_refused_token_is_told_and_not_tried_again(app: Application, output: Output) -> None:
    await flaky(app, output, InvalidToken("unknown")).task
    assert Flaky.LIVES == 1
    assert output.lines == ["flaky    │ SANGGAR_TELEGRAM_TOKEN: unknown. `sanggar doctor` says what to do."]


async def test_closing_does_not_wait_for_the_next_attempt(app: Application, output: Output) -> None:
    platform = flaky(app, output, OSError("cut off"), pause=3600)
    await output.until("flaky")
    await platform.close()
    assert platform.task.done()
    assert Flaky.LIVES == 1
