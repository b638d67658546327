"""The supervisor with real processes and real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bot.cli.session import none_serves
from bot.engine_link import child, liveness, supervisor
from bot.engine_link.probe import EngineFailed
from bot.engine_link.supervisor import Event, Supervisor
from tests.kit.eventually import Changes

CHILD = (sys.executable, str(Path(__file__).parent / "child.py"))


class Watcher(Changes):
    """Remembers what the supervisor told, and waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.events: list[Event] = []
        self.texts: dict[Event, str] = {}

    def log(self, line: str) -> None:
        self.lines.append(line)
        self.notify()

    def tell(self, event: Event, text: str) -> None:
        self.events.append(event)
        self.texts[event] = text
        self.notify()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def url(nobody: str) -> str:
    """Where the engine will listen."""
    return nobody


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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is noticed within a second."""
    for name, value in (("ASK_SECONDS", 0.05), ("HEALTH_SECONDS", 0.2), ("UNANSWERED_MAX", 3)):
        monkeypatch.setattr(liveness, name, value)
    monkeypatch.setattr(supervisor, "HUNG_STOP_SECONDS", 0.2)


async def test_an_engine_that_stands_still_is_killed_and_started_again_with_the_reason(
    url: str, watcher: Watcher, impatient: None
) -> None:
    async with supervise(url, watcher) as engine:
        await engine.ready()
        first = engine.pid
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        await watcher.until(lambda: watcher.events.count(Event.READY) == 2)
        assert engine.pid not in {None, first}
    assert watcher.events == [Event.STARTING, Event.READY, Event.DIED, Event.STARTING, Event.READY]
    assert "no longer answers" in watcher.texts[Event.DIED]
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)


async def test_an_engine_that_is_slow_now_and_then_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only silence after silence counts: two of three questions may stay without an answer for ever."""
    answers, asked = iter([False, False, True] * 5 + [False] * 3), []

    async def answer(client: object, url: str) -> bool:
        asked.append(url)
        return next(answers)

    monkeypatch.setattr(liveness, "_answers", answer)
    monkeypatch.setattr(liveness, "ASK_SECONDS", 0)
    monkeypatch.setattr(liveness, "UNANSWERED_MAX", 3)
    async with httpx.AsyncClient() as client:
        await liveness.until_hung(client, "http://engine")
    assert len(asked) == 18


async def test_an_engine_that_never_was_ready_is_told_with_its_last_words_and_tried_again(
    url: str, watcher: Watcher
) -> None:
    async with supervise(url, watcher, "broken") as engine:
        with pytest.raises(EngineFailed, match="ended with 3") as failed:
            await engine.ready()
        await watcher.until(lambda: watcher.events.count(Event.DIED) == 2)
    assert failed.value.tail == ("no such model",)
    assert watcher.events[:3] == [Event.STARTING, Event.DIED, Event.STARTING]


async def test_an_engine_that_may_not_be_run_is_tried_until_it_may(url: str, watcher: Watcher, tmp_path: Path) -> None:
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\nexec {' '.join(CHILD)} serve\n")
    watched = Supervisor(url, log=watcher.log, tell=watcher.tell, command=[str(program)], first_pause=0.01)
    async with watched as engine:
        with pytest.raises(EngineFailed, match="Permission denied"):
            await engine.ready()
        program.chmod(0o755)
        await watcher.until(lambda: Event.READY in watcher.events)
    assert "cannot be started: Permission denied" in watcher.texts[Event.DIED]


async def test_a_line_of_the_log_without_an_end_does_not_end_the_watch(
    url: str, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "LINE_BYTES", 64)
    program = "print('x' * 1000, flush=True); print('and on', flush=True)"
    command = [sys.executable, "-c", program]
    async with Supervisor(url, log=watcher.log, tell=watcher.tell, command=command, first_pause=0.01):
        await watcher.until(lambda: watcher.lines.count("and on") == 2)


async def test_the_engine_inherits_no_token_of_a_platform(
    url: str, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SANGGAR_DISCORD_TOKEN", "SANGGAR_TELEGRAM_TOKEN", "SANGGAR_ENGINE_KEY"):
        monkeypatch.setenv(name, f"value of {name}")
    program = "import os; print(*sorted(name for name in os.environ if name.startswith('SANGGAR_')), 'end')"
    async with Supervisor(url, log=watcher.log, tell=watcher.tell, command=[sys.executable, "-c", program]):
        await watcher.until(lambda: bool(watcher.lines))
    names = watcher.lines[0].split()
    assert "SANGGAR_ENGINE_KEY" in names
    assert not [name for name in names if name.endswith("TOKEN")]


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


async def test_a_far_engine_is_never_started_here(watcher: Watcher) -> None:
    async with supervise("http://sanggar.invalid:8801", watcher) as engine:
        with pytest.raises(EngineFailed, match="Start it: sanggar engine"):
            await engine.ready()
        assert engine.pid is None
    assert watcher.events == [Event.AWAY]


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
