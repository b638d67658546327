"""Settings: read from the environment, refused by name, and never a secret in sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.settings import SettingsError, is_loopback, load_settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with its own ``.env``."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_dotenv_file_and_the_environment_are_read_and_arguments_win(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (nowhere / ".env").write_text("SANGGAR_MAX_BATCH=8\nSANGGAR_MAX_QUEUE=9\nSANGGAR_DISCORD_TOKEN=of the bot\n")
    monkeypatch.setenv("SANGGAR_MAX_QUEUE", "10")
    settings = load_settings(engine_port=7000, model=None)
    assert (settings.max_batch, settings.max_queue, settings.engine_port, settings.model) == (8, 10, 7000, "nano")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SANGGAR_MAX_BATCH", "1"),
        ("SANGGAR_ENGINE_PORT", "70000"),
        ("SANGGAR_DTYPE", "int8"),
        ("SANGGAR_USER_WEIGHTS", '{"a": 0}'),
        ("SANGGAR_USER_WEIGHTS", "a=2"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError, match=f"(?i){key.removeprefix('SANGGAR_')}"):
        load_settings()


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANGGAR_ENGINE_KEY", "")
    assert load_settings().engine_key is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
def test_other_machines_are_not_served_without_a_key(host: str) -> None:
    with pytest.raises(SettingsError, match="SANGGAR_ENGINE_KEY"):
        load_settings(engine_host=host)
    with pytest.raises(SettingsError, match="SANGGAR_ENGINE_KEY: at least 16"):
        load_settings(engine_host=host, engine_key="fifteen letters")
    assert load_settings(engine_host=host, engine_key="long and random.").engine_host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_is_served_without_a_key(host: str) -> None:
    assert is_loopback(host)
    assert load_settings(engine_host=host).engine_host == host


def test_the_key_does_not_show_when_settings_are_printed() -> None:
    assert "hidden" not in repr(load_settings(engine_key="hidden"))
