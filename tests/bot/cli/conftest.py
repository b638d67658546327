"""Settings for commands that run in the test's process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.settings import bot_settings

Configure = Callable[..., Settings]


@pytest.fixture
def configure(scripted: ScriptedEngine, tmp_path: Path) -> Configure:
    """Settings for the scripted engine, changed as a test says."""

    def configured(**changes: Any) -> Settings:
        options: dict[str, Any] = {"data": tmp_path, "engine_url": scripted.url, "shutdown_grace": 5.0}
        return bot_settings(**options | changes)

    return configured
