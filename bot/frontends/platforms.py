"""The chat platforms that ``sanggar up`` can serve, and which setting switches each on."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from bot.app import Application
    from bot.settings import Settings


class Frontend(Protocol):
    """One platform's side of the bot."""

    async def run(self) -> None:
        """Connect, attach a courier, recover, and serve until ``close``; may be run anew, by a new frontend."""
        ...

    async def close(self) -> None:
        """Disconnect; ``run`` returns."""
        ...


@dataclass(frozen=True, slots=True)
class PlatformEntry:
    """``target`` is ``module:class``, imported only where there is a token: the libraries take a second to load."""

    title: str
    token: str
    """Field of ``bot.settings.Settings``."""
    target: str
    refusals: tuple[str, ...]
    """Names of the exceptions of ``run`` that no further attempt would mend: the token is wrong, or the proxy."""

    def refuses(self, error: Exception) -> bool:
        return type(error).__name__ in self.refusals

    def wanted(self, settings: Settings) -> bool:
        return getattr(settings, self.token) is not None

    @property
    def variable(self) -> str:
        """The environment variable of its token."""
        return f"SANGGAR_{self.token.upper()}"

    def create(self, app: Application) -> Frontend:
        module, name = self.target.split(":")
        return cast(Frontend, getattr(importlib.import_module(module), name)(app))


PLATFORMS: tuple[PlatformEntry, ...] = (
    PlatformEntry("Discord", "discord_token", "bot.frontends.discord:DiscordFrontend", ("SettingsError",)),
    PlatformEntry(
        "Telegram", "telegram_token", "bot.frontends.telegram:TelegramFrontend", ("InvalidToken", "SettingsError")
    ),
)
