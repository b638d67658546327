"""A child process: its output line by line, and its end."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence

STOP_SECONDS = 20.0
"""How long it may take to end after SIGTERM; an engine's requests have been drained or cancelled by then."""
LINE_BYTES = 1 << 20


async def start(command: Sequence[str], environment: Mapping[str, str]) -> Process:
    """In a session of its own: Ctrl-C at our terminal does not reach it."""
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        env=environment,
        start_new_session=True,
        limit=LINE_BYTES,
    )


async def pass_on(process: Process, hear: Callable[[str], None]) -> None:
    """Hands on each line of its output until it ends."""
    assert process.stdout is not None
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:  # longer than LINE_BYTES: no reason to stop listening
            continue
        if not line:
            return
        hear(line.decode(errors="replace").rstrip())


async def stop(process: Process, hear: Callable[[str], None], seconds: float | None = None) -> None:
    """SIGTERM, and SIGKILL for one that does not end within ``seconds``; None is ``STOP_SECONDS``."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS if seconds is None else seconds):
            await pass_on(process, hear)
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def ending(code: int) -> str:
    """An exit status in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
