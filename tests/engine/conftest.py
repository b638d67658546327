"""One live engine with a tiny model for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_kit.folders import write_tiny
from tests.engine_kit.live import Live, serve


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def live(tiny: Path) -> Iterator[Live]:
    with serve(tiny) as live:
        yield live
