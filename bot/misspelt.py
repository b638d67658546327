"""Settings that nobody reads, because their names are misspelt."""

from __future__ import annotations

import difflib
import importlib
import os

from dotenv import dotenv_values

from bot.settings import PREFIX, Settings

ENGINE_SETTINGS = "engine.settings", "EngineSettings"
"""Module and class of the engine's settings, which stand in the same file; the bot does not import them."""
FURTHER = frozenset({"SANGGAR_DEBUG"})
"""Names that stand in no class of settings."""
DOTENV = ".env"


def misspelt() -> list[str]:
    """A sentence for each name in the environment and in ``.env`` that begins as a setting's and is none's."""
    known = _known()
    names = dict.fromkeys(os.environ, "the environment") | dict.fromkeys(_in_file(), DOTENV)
    return [
        _sentence(name, place, known)
        for name, place in sorted(names.items())
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def _known() -> frozenset[str]:
    module, name = ENGINE_SETTINGS
    engine = getattr(importlib.import_module(module), name)
    return FURTHER | {f"{PREFIX}{field.upper()}" for field in (*Settings.model_fields, *engine.model_fields)}


def _in_file() -> list[str]:
    try:
        return list(dotenv_values(DOTENV))
    except (OSError, UnicodeDecodeError):  # reading the settings has told it, or will
        return []


def _sentence(name: str, place: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
    advice = f"did you mean {near[0]}?" if near else ".env.example names every one."
    return f"{name} in {place} is no setting and is not read: {advice}"
