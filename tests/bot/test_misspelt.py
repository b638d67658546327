"""A setting that nobody reads is named, with the one that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.misspelt import misspelt


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ``.env`` but a test's own."""
    monkeypatch.chdir(tmp_path)


def test_a_misspelt_name_is_told_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANGGAR_DISCORD_TOKKEN", "secret")
    Path(".env").write_text("SANGGAR_ENGINE_HOTS=0.0.0.0\nsanggar_burst=9\nOTHER=1\nSANGGAR_UNICORN=1\n")
    assert misspelt() == [
        "SANGGAR_DISCORD_TOKKEN in the environment is no setting and is not read: did you mean SANGGAR_DISCORD_TOKEN?",
        "SANGGAR_ENGINE_HOTS in .env is no setting and is not read: did you mean SANGGAR_ENGINE_HOST?",
        "SANGGAR_UNICORN in .env is no setting and is not read: .env.example names every one.",
    ]


def test_settings_of_bot_and_engine_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SANGGAR_DATA", "SANGGAR_MAX_BATCH", "SANGGAR_DEBUG", "sanggar_language"):
        monkeypatch.setenv(name, "")
    assert misspelt() == []


def test_a_file_that_is_no_text_is_left_to_the_settings() -> None:
    Path(".env").write_bytes(b"\xff\xfeS\0")
    assert misspelt() == []
