"""The engine's settings: environment variables that begin with ``SANGGAR_``, or the same names in ``.env``."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as Unreadable

KEY_MIN = 16
"""Characters of a key that guards the engine from other machines."""


class SettingsError(Exception):
    """A setting is wrong; the message names its key and what is valid."""


def expanded(path: str) -> str:
    """``~`` at the beginning is the home folder, as in a shell."""
    home = os.path.expanduser(path)
    if home.startswith("~"):
        raise ValueError(f"there is no home folder for {path.split(os.sep, maxsplit=1)[0]}: give the whole path")
    return home


class EngineSettings(BaseSettings):
    """Everything that the engine process can be told. The bot's settings live in the same file."""

    model_config = SettingsConfigDict(
        env_prefix="SANGGAR_", env_file=".env", env_ignore_empty=True, extra="ignore", protected_namespaces=()
    )

    model: Annotated[str, AfterValidator(expanded)] = "nano"
    """``nano`` (shipped), a Hugging Face id, or a local folder in diffusers layout."""
    device: str = "auto"
    """``auto`` (CUDA if there is one, else CPU), ``cpu``, ``cuda`` or ``cuda:N``."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """``auto``: float32 on a CPU; on CUDA bfloat16 where the card has it, else float16."""
    compile: bool = False
    """Compile the U-Net (``torch.compile``); worth its minutes of start-up on a GPU."""

    engine_host: str = "127.0.0.1"
    """Address to listen on. Any other than loopback needs ``SANGGAR_ENGINE_KEY``."""
    engine_port: int = Field(default=8801, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    engine_key: SecretStr | None = None
    """The bearer key that guards every path but ``/health``."""
    engine_grace_seconds: float = Field(default=30.0, ge=0)
    """How long running requests may go on after SIGTERM before they are cancelled."""

    adapters_dir: Annotated[Path, AfterValidator(lambda path: Path(expanded(str(path))))] = Path("data/adapters")
    """Folder of installed adapters, one subfolder each; the shipped ones are always there as well."""
    max_queue: int | None = Field(default=None, ge=1)
    """Pictures that may wait or be drawn at once; more are refused with 429 and Retry-After. None, here and in the next
    four: what the card's memory allows, on a CPU the defaults of ``engine.batch.capacity``."""
    max_batch: int | None = Field(default=None, ge=2)
    """Rows of one U-Net call; a picture with guidance takes two."""
    adapter_slots: int | None = Field(default=None, ge=4)
    """LoRAs that can be in one U-Net call."""
    max_rank: int = Field(default=128, ge=1)
    """Highest rank of a LoRA."""
    lora_memory_mb: int | None = Field(default=None, ge=1)
    """LoRA files kept in memory, ready for a slot; the least recently used go first."""
    variant_memory_mb: int | None = Field(default=None, ge=0)
    """DreamBooth checkpoints kept in memory; the least recently used go first."""
    user_weights: dict[str, PositiveFloat] = Field(default_factory=dict)
    """Users that get more or less than an equal share: JSON, such as ``{"discord:1": 2}``."""


def load_settings(**overrides: object) -> EngineSettings:
    """Read the settings; an override that is None counts as not given.

    :raises SettingsError: with the key and what is valid.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        settings = EngineSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = [f"SANGGAR_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
        raise SettingsError("\n".join(wrong)) from None
    except Unreadable as error:
        raise SettingsError(f"{error}; it must be JSON") from None
    except UnicodeDecodeError:
        raise SettingsError(".env: is not text in UTF-8") from None
    check_exposure(settings)
    return settings


def check_exposure(settings: EngineSettings) -> None:
    """Refuse to serve other machines without a key, or with one that can be guessed."""
    key = settings.engine_key.get_secret_value() if settings.engine_key else ""
    if not key and not is_loopback(settings.engine_host):
        raise SettingsError(
            f"SANGGAR_ENGINE_HOST is {settings.engine_host}, which other machines can reach, and there is no key. "
            "Set SANGGAR_ENGINE_KEY to a long random text, or listen on 127.0.0.1."
        )
    if len(key) < KEY_MIN and not is_loopback(settings.engine_host):
        raise SettingsError(
            f"SANGGAR_ENGINE_KEY: at least {KEY_MIN} characters where other machines can reach the engine; "
            "`openssl rand -hex 32` makes a good one."
        )


def is_loopback(host: str) -> bool:
    """True where only this machine can connect."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def quiet_libraries() -> None:
    """Keep the model libraries' chatter out of the operator's terminal."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
