"""The real engine process with the shipped model, one for the whole session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

READY = "ready on "


@pytest.fixture(scope="session")
def nano() -> Iterator[str]:
    """The address of an engine that draws with nano."""
    settings = {"SANGGAR_MODEL": "nano", "SANGGAR_ENGINE_PORT": "0", "PYTHONUNBUFFERED": "1"}
    others = {key: value for key, value in os.environ.items() if not key.startswith("SANGGAR_")}
    command = [sys.executable, "-m", "engine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=others | settings) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line.strip())
            if line.startswith(READY):
                break
        try:
            assert lines[-1:], "the engine said nothing"
            assert lines[-1].startswith(READY), lines
            yield lines[-1].removeprefix(READY)
        finally:
            process.terminate()
            process.stdout.read()
