"""The supervisor with real processes and real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.cli.session import none_serves
from bot.engine_link import child, supervisor
from bot.engine_link.ports import free_port
from bot.engine_link.probe import EngineFailed
from bot.engine_link.supervisor import Event, Supervisor

CHILD = (sys.executable, str(Path(__file__).parent / "child.py"))


class Watcher:
    """Remembers what the supervisor told, and waits for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events: list[Event] = []
        self._changed = asyncio.Event()

    def log(self, line: str) -> None:
        self.lines.append(line)
        self._changed.set()

    def tell(self, event: Event, text: str) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not met():
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def url() -> str:
    return f"http://127.0.0.1:{free_port()}"


def supervise(url: str, watcher: Watcher, behaviour: str = "serve") -> Supervisor:
    return Supervisor(url, log=watcher.log, tell=watcher.tell, command=(*CHILD, behaviour), first_pause=0.01)


async def test_an_engine_is_started_made_ready_and_stopped(url: str, watcher: Watcher) -> None:
    async with supervise(url, watcher) as engine:
        await engine.ready()
        pid = engine.pid
    assert pid is not None
    assert watcher.events == [Event.STARTING, Event.READY]
    assert watcher.lines[0].startswith("loaded small")
    assert watcher.lines[-1] == "stopping"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_engine_that_died_is_started_again(url: str, watcher: Watcher) -> None:
    async with supervise(url, watcher) as engine:
        await engine.ready()
        first = engine.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await watcher.until(lambda: watcher.events.count(Event.READY) == 2)
        assert engine.pid not in {None, first}
    assert watcher.events == [Event.STARTING, Event.READY, Event.DIED, Event.STARTING, Event.READY]


async def test_an_engine_that_never_was_ready_is_given_up_with_its_last_words(url: str, watcher: Watcher) -> None:
    async with supervise(url, watcher, "broken") as engine:
        with pytest.raises(EngineFailed, match="ended with 3") as failed:
            await engine.ready()
    assert failed.value.tail == ("no such model",)
    assert watcher.events == [Event.STARTING]


@pytest.mark.parametrize(("host", "told"), [("192.0.2.1", True), ("[::1]", True), ("0.0.0.0", False), ("[::]", False)])
async def test_an_engine_of_ours_that_listens_elsewhere_is_told(
    url: str, watcher: Watcher, host: str, told: bool
) -> None:
    async with supervise(url, watcher, f"ready on http://{host}:8801") as engine:
        await engine.ready()
        await watcher.until(lambda: len(watcher.lines) == 2)
    assert (Event.ELSEWHERE in watcher.events) is told


async def test_an_engine_that_does_not_listen_to_sigterm_is_killed(
    url: str, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_SECONDS", 0.2)
    async with supervise(url, watcher, "deaf") as engine:
        await engine.ready()
        pid = engine.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_an_engine_that_runs_already_is_used_and_left_running(url: str, watcher: Watcher) -> None:
    async with supervise(url, Watcher()) as theirs:
        await theirs.ready()
        async with supervise(url, watcher) as ours:
            await ours.ready()
            assert ours.pid is None
        assert theirs.pid is not None
    assert watcher.events == [Event.USING, Event.READY]


async def test_of_an_engine_that_is_not_ours_it_tells_when_it_goes_and_comes(
    url: str, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.01)
    async with supervise(url, Watcher()) as theirs:
        await theirs.ready()
        async with supervise(url, watcher) as ours:
            await ours.ready()
            assert theirs.pid is not None
            os.kill(theirs.pid, signal.SIGKILL)
            await watcher.until(lambda: watcher.events.count(Event.READY) == 2)
            assert ours.pid is None
    assert watcher.events == [Event.USING, Event.READY, Event.AWAY, Event.READY]


async def test_an_engine_that_is_stopping_is_waited_for_before_ours_starts(url: str, watcher: Watcher) -> None:
    """A command of one person does not wait: its engine has a port of its own."""
    environment = {**os.environ, "SANGGAR_ENGINE_PORT": str(urlsplit(url).port)}
    pipe = asyncio.subprocess.PIPE
    theirs = await asyncio.create_subprocess_exec(*CHILD, "leaving", env=environment, stdout=pipe)
    assert theirs.stdout is not None
    await theirs.stdout.readline()
    async with supervise(url, watcher) as ours:
        await watcher.until(lambda: watcher.events == [Event.STOPPING])
        assert ours.pid is None
        assert await none_serves(url)
        theirs.terminate()
        await theirs.communicate()
        await ours.ready()
        assert not await none_serves(url)
    assert watcher.events == [Event.STOPPING, Event.STARTING, Event.READY]
    assert await none_serves(url)
    assert not await none_serves("http://sanggar.invalid:8801")


async def test_a_port_that_something_else_uses_is_named(url: str, watcher: Watcher) -> None:
    async with supervise(url, watcher, "stranger"):
        await watcher.until(lambda: bool(watcher.lines))
        with pytest.raises(EngineFailed, match=f"no Sanggar engine answers at {url}.*SANGGAR_ENGINE_URL"):
            await supervise(url, Watcher()).__aenter__()


async def test_a_far_engine_is_never_started_here() -> None:
    with pytest.raises(EngineFailed, match="Start it: sanggar engine"):
        await Supervisor("http://sanggar.invalid:8801").__aenter__()


def test_the_engines_process_ends_in_good_order_when_its_parent_was_killed() -> None:
    """The other ends of its pipes are closed: a line that it says then must not break off its ending."""
    program = "import signal, sys, threading; from bot.engine_link.child_main import follow_parent\n"
    program += "signal.signal(signal.SIGTERM, lambda *_: (print('stopping', flush=True), sys.exit(7)))\n"
    program += "print('ready', flush=True); threading.Thread(target=follow_parent).start(); signal.pause()"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    child.stdin.close()
    assert child.wait(20) == 7
