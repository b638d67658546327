"""Settings with their defaults, whatever ``.env`` the developer has."""

from __future__ import annotations

from typing import Any

from bot.settings import Settings
from engine.settings import EngineSettings


def bot_settings(**changes: Any) -> Settings:
    """The bot's settings: the defaults but for ``changes``."""
    return Settings(**{"_env_file": None, **changes})


def engine_settings(**changes: Any) -> EngineSettings:
    """The engine's settings: the defaults but for ``changes``."""
    return EngineSettings(**{"_env_file": None, **changes})
