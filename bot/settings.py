"""The bot's settings: environment variables with the prefix ``SANGGAR_``, or the same names in ``.env``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.locales import LOCALES

PREFIX = "SANGGAR_"
HOURLY = (1, 100_000)
BURST = (4, 1000)


class SettingsError(Exception):
    """A setting that cannot be used; the message names its key and says what is valid."""


def _address(url: str, *schemes: str) -> str:
    parts = urlsplit(url)
    if parts.port == 0 or parts.scheme not in schemes or not parts.hostname:  # a port that is none raises ValueError
        raise ValueError(f"must be an address that starts with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return url.rstrip("/")


def _locale(tag: str) -> str:
    if tag not in LOCALES:
        raise ValueError(f"must be one of: {', '.join(LOCALES)}")
    return tag


def _expanded(path: Path) -> Path:
    """``~`` is the home folder, as in a shell."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no home folder for {path.parts[0]}: give the whole path") from None


def _secret(value: SecretStr) -> SecretStr:
    """It becomes part of a header or an address."""
    text = value.get_secret_value().strip()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be printable ASCII characters without blanks between them")
    return SecretStr(text)


HttpUrl = Annotated[str, AfterValidator(lambda url: _address(url, "http", "https"))]
WebSocketUrl = Annotated[str, AfterValidator(lambda url: _address(url, "ws", "wss"))]
Location = Annotated[Path, AfterValidator(_expanded)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]


class Settings(BaseSettings):
    """Read once at start. ``.env.example`` explains every one. Secrets redact themselves."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data: Location = Path("data")
    database: Location | None = None
    language: Annotated[str, AfterValidator(_locale)] = "en"

    engine_url: HttpUrl = "http://127.0.0.1:8801"
    engine_key: Secret | None = None
    engine_patience: float = Field(default=600.0, ge=1, le=86_400)
    """Seconds for which a job waits for an engine that does not answer."""

    discord_token: Secret | None = None
    discord_api: HttpUrl | None = None
    discord_gateway: WebSocketUrl | None = None
    telegram_token: Secret | None = None
    telegram_api: HttpUrl | None = None
    telegram_file_api: HttpUrl | None = None

    pictures_per_hour: int = Field(default=60, ge=HOURLY[0], le=HOURLY[1])
    burst: int = Field(default=12, ge=BURST[0], le=BURST[1])
    """Most pictures that a member can have saved up; at least the four of one command."""
    running_jobs: int = Field(default=3, ge=1, le=100)
    """Jobs of one member at the same time."""
    pictures_kept: int = Field(default=4000, ge=0, le=10_000_000)
    """Finished pictures that are kept as they were drawn, for "As a file"."""
    keep_days: int = Field(default=90, ge=1, le=36_500)
    """Days for which a finished job is kept; its buttons work that long."""
    shutdown_grace: float = Field(default=20.0, ge=0, le=600)
    """Seconds that running jobs get when the bot stops."""

    @property
    def database_path(self) -> Path:
        return self.database or self.data / "sanggar.db"


def read_settings() -> Settings:
    """The settings in force; raises SettingsError, which names the key."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(explain_settings(error)) from None
    except UnicodeDecodeError:
        raise SettingsError(".env: is not text in UTF-8") from None


def explain_settings(error: ValidationError) -> str:
    """One line for each wrong setting, without the values (one may be a secret)."""
    return "\n".join(
        f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_input=False)
    )
