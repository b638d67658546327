"""The real engine process with the shipped model, one for the whole session."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

import pytest

from tests.kit.output import read_until

READY = "ready on "
for name in [name for name in os.environ if name.startswith("SANGGAR_")]:
    del os.environ[name]  # the developer's own settings are no part of any test


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever draws with a real engine is slow."""
    for item in items:
        if {"nano", "live"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@contextmanager
def engine_process(
    command: Sequence[str] = (sys.executable, "-m", "engine"), errors: IO[str] | None = None, **settings: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """An engine on a free port: its address and the process.

    errors: where its standard error goes; None is ours.
    """
    environment = os.environ | {"SANGGAR_MODEL": "nano", "SANGGAR_ENGINE_PORT": "0"} | settings
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield read_until(process.stdout, READY)[-1].removeprefix(READY), process
        finally:
            process.terminate()
            process.stdout.read()


@pytest.fixture(scope="session")
def nano() -> Iterator[str]:
    """The address of an engine that draws with nano."""
    with engine_process() as (url, _):
        yield url
