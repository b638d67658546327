"""The real engine process with the shipped model, one for the whole session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pytest

READY = "ready on "


@contextmanager
def engine_process(
    command: Sequence[str] = (sys.executable, "-m", "engine"), errors: IO[str] | None = None, **settings: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An engine on a free port: its address and the process. Nothing of the outside is set for it.

    errors: where its standard error goes; None is ours.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SANGGAR_")}
    told = {"SANGGAR_MODEL": "nano", "SANGGAR_ENGINE_PORT": "0", **settings}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=inherited | told) as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line.strip())
                if line.startswith(READY):
                    break
            assert lines[-1:], "the engine said nothing"
            assert lines[-1].startswith(READY), lines
            yield lines[-1].removeprefix(READY), process
        finally:
            process.terminate()
            process.stdout.read()


@pytest.fixture(scope="session")
def nano() -> Iterator[str]:
    """The address of an engine that draws with nano."""
    with engine_process() as (url, _):
        yield url
