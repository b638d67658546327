"""The console on a terminal of its own: keys in, screen out, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.kit.engine import ScriptedEngine
from tests.kit.output import Output

CTRL_C, CTRL_D = b"\x03", b"\x04"


class Terminal(Output):
    """A pseudo-terminal with ``sanggar console`` on it; ``text`` is everything that was on the screen."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        super().__init__()
        self._environment, self._folder = environment, folder

    async def __aenter__(self) -> Terminal:
        self._keys, screen = pty.openpty()
        command = [sys.executable, "-m", "bot.cli", "console"]
        self.process = await asyncio.create_subprocess_exec(
            *command,
            stdin=screen,
            stdout=screen,
            stderr=screen,
            cwd=self._folder,
            env=self._environment,
            start_new_session=True,
            preexec_fn=lambda: _control(0),
        )
        os.close(screen)
        asyncio.get_running_loop().add_reader(self._keys, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._keys)
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        os.close(self._keys)

    def press(self, keys: bytes) -> None:
        os.write(self._keys, keys)

    def _read(self) -> None:
        try:
            self.write(os.read(self._keys, 65536).decode(errors="replace"))
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._keys)


def _control(number: int) -> None:
    """Make the terminal the one that sends Ctrl-C to this process, which listens even if its starter ignores it."""
    import fcntl  # noqa: PLC0415 - between fork and exec
    import termios  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(number, termios.TIOCSCTTY, 0)


@pytest.fixture
async def terminal(scripted: ScriptedEngine, tmp_path: Path) -> AsyncIterator[Terminal]:
    known = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"} or "COVERAGE" in name}
    told = {"SANGGAR_ENGINE_URL": scripted.url, "LANG": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}
    async with Terminal({**known, **told, "PYTHONPATH": os.pathsep.join(sys.path)}, tmp_path) as terminal:
        yield terminal


async def test_keys_complete_cancel_and_leave(terminal: Terminal, scripted: ScriptedEngine) -> None:
    scripted.gate.clear()
    await terminal.until("sanggar> ")
    terminal.press(b"/dra\ta fox --ste\t3\n")
    await terminal.until("step 1 of 3")
    terminal.press(CTRL_C)
    await terminal.until("cancelled")
    await terminal.until("sanggar> ", times=2)
    assert len(scripted.stopped) == 1
    assert scripted.requests[0].num_inference_steps == 3
    terminal.press(b"/draw half a wor")
    await terminal.until("half a wor")
    terminal.press(CTRL_C)
    await terminal.until("sanggar> ", times=3)
    terminal.press(CTRL_D)
    assert await terminal.process.wait() == 0
    assert "Traceback" not in terminal.text


async def test_sigterm_at_the_prompt_ends_it_quietly(terminal: Terminal) -> None:
    await terminal.until("sanggar> ")
    terminal.process.terminate()
    assert await terminal.process.wait() == 143
    assert "Traceback" not in terminal.text
