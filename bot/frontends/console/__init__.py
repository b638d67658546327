"""The frontend for whoever sits at the machine."""

from bot.frontends.console.frontend import ConsoleFrontend

__all__ = ["ConsoleFrontend"]
