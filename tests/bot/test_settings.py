"""Settings: what is wrong names its key, secrets stay secret, and the example names every one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bot.settings import PREFIX, Settings, SettingsError, read_settings
from engine.settings import EngineSettings, load_settings
from engine.settings import SettingsError as EngineSettingsError
from tests.kit import ROOT

EXAMPLE = ROOT / ".env.example"


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ``.env`` but a test's own, and no variables from outside."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)


def test_everything_has_a_default() -> None:
    settings = read_settings()
    assert settings.engine_url == "http://127.0.0.1:8801"
    assert settings.database_path == Path("data/sanggar.db")
    assert settings.discord_token is None


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SANGGAR_BURST=20\nSANGGAR_LANGUAGE=id\nSANGGAR_MODEL=nano\nOTHER=1\n")
    monkeypatch.setenv("SANGGAR_BURST", "30")
    monkeypatch.setenv("SANGGAR_DATABASE", "elsewhere.db")
    settings = read_settings()
    assert (settings.burst, settings.language, settings.database_path) == (30, "id", Path("elsewhere.db"))


def test_a_tilde_in_a_path_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ani")
    for key in ("SANGGAR_DATA", "SANGGAR_DATABASE", "SANGGAR_ADAPTERS_DIR", "SANGGAR_MODEL"):
        monkeypatch.setenv(key, "~/x")
    settings, engine = read_settings(), load_settings()
    home = Path("/home/ani/x")
    assert (settings.data, settings.database, engine.adapters_dir, Path(engine.model)) == (home,) * 4
    monkeypatch.setenv("SANGGAR_DATA", "~nobody-here/x")
    with pytest.raises(SettingsError, match="SANGGAR_DATA: there is no home folder for ~nobody-here"):
        read_settings()
    monkeypatch.setenv("SANGGAR_MODEL", "~nobody-here/x")
    with pytest.raises(EngineSettingsError, match=r"SANGGAR_MODEL: .*no home folder"):
        load_settings()


def test_a_key_without_a_value_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("SANGGAR_DISCORD_TOKEN", "SANGGAR_TELEGRAM_API", "SANGGAR_BURST"):
        monkeypatch.setenv(key, "")
    settings = read_settings()
    assert (settings.discord_token, settings.telegram_api, settings.burst) == (None, None, 12)


@pytest.mark.parametrize(
    ("key", "value", "valid"),
    [
        ("SANGGAR_BURST", "many", "integer"),
        ("SANGGAR_BURST", "3", "greater than or equal to 4"),
        ("SANGGAR_PICTURES_PER_HOUR", "0", "greater than or equal to 1"),
        ("SANGGAR_LANGUAGE", "fr", "one of: en, id"),
        ("SANGGAR_ENGINE_URL", "127.0.0.1:8801", "http:// or https://"),
        ("SANGGAR_TELEGRAM_TOKEN", "42:a b", "without blanks"),
        ("SANGGAR_DISCORD_TOKEN", "tokén", "ASCII"),
        ("SANGGAR_ENGINE_KEY", "a\x01b", "printable"),
        ("SANGGAR_ENGINE_URL", "http://127.0.0.1:88010", "Port out of range"),
        ("SANGGAR_DISCORD_GATEWAY", "https://gateway", "ws:// or wss://"),
        ("SANGGAR_SHUTDOWN_GRACE", "-1", "greater than or equal to 0"),
        ("SANGGAR_PICTURES_KEPT", "many", "integer"),
    ],
)
def test_a_wrong_value_names_its_key_and_what_is_valid(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, valid: str
) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert str(error.value).startswith(f"{key}: ")
    assert valid in str(error.value)
    assert "\n" not in str(error.value)


def test_secrets_redact_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("SANGGAR_DISCORD_TOKEN", "SANGGAR_TELEGRAM_TOKEN", "SANGGAR_ENGINE_KEY"):
        monkeypatch.setenv(key, "hush-hush")
    settings = read_settings()
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "hush-hush"
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_the_example_names_every_setting_and_nothing_else() -> None:
    named = re.findall(rf"^#?({PREFIX}[A-Z_]+)=", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    fields = {*Settings.model_fields, *EngineSettings.model_fields}
    assert sorted(named) == sorted(f"{PREFIX}{name.upper()}" for name in fields)


def test_the_example_shows_the_defaults(tmp_path: Path) -> None:
    text = re.sub(rf"^#({PREFIX})", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (tmp_path / "all.env").write_text(text, encoding="utf-8")
    whole: dict[str, Any] = {"_env_file": tmp_path / "all.env"}
    none: dict[str, Any] = {"_env_file": None}
    assert Settings(**whole) == Settings(**none)
    assert EngineSettings(**whole) == EngineSettings(**none)


def test_the_example_has_a_comment_for_every_setting() -> None:
    blocks = EXAMPLE.read_text(encoding="utf-8").split("\n\n")
    for block in blocks:
        lines = block.strip().splitlines()
        if any(line.startswith(f"#{PREFIX}") for line in lines):
            assert lines[0].startswith("# "), block


def test_blanks_around_a_token_are_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANGGAR_TELEGRAM_TOKEN", " 42:abc\n")
    token = read_settings().telegram_token
    assert token is not None
    assert token.get_secret_value() == "42:abc"


def test_a_file_that_is_no_text_is_named() -> None:
    Path(".env").write_bytes(b"\xff\xfeS\0")
    with pytest.raises(SettingsError, match=r"^\.env: "):
        read_settings()
    with pytest.raises(EngineSettingsError, match=r"^\.env: "):
        load_settings()
