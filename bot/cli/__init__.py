"""The command ``sanggar``."""

from bot.cli.app import main

__all__ = ["main"]
