"""The tiny model, and a data set of plain colours."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters_kit.pictures import write_colours
from tests.kit.models import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with v-prediction."""
    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Four pictures of one colour each, captioned with its name; the white one is held out."""
    return write_colours(tmp_path / "colours")
