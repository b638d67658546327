"""What ``sanggar up`` writes while it runs: one line for each event, without secrets and without tracebacks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from rich.text import Text

from bot.cli.terminal import DEBUG, complaints
from bot.settings import Settings

Say = Callable[[str], None]
OURS = "bot"
"""The logger whose ordinary messages may be shown; of every other one, warnings and worse."""


def speaker(settings: Settings) -> Say:
    """Writes a line to standard error. Whatever it quotes, no secret of the settings gets out."""
    console = complaints()
    found = (getattr(settings, name) for name in type(settings).model_fields)
    secrets = [value.get_secret_value() for value in found if isinstance(value, SecretStr)]

    def say(line: str) -> None:
        for secret in secrets:
            line = line.replace(secret, "**********")
        console.print(Text(line), soft_wrap=True)

    return say


@contextmanager
def logging_to(say: Say, ours: int = logging.WARNING) -> Iterator[None]:
    """Messages of every logger go to ``say`` while the block runs; ``ours``: the least level for those of the bot."""
    root, handler = logging.getLogger(), _Lines(say)
    root.addHandler(handler)
    logging.getLogger(OURS).setLevel(ours)
    try:
        yield
    finally:
        root.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}: {error}" if error else ""
        self._say(f"{_part(record.name):8} │ {level}{record.getMessage()}{why}")
        if error and os.environ.get(DEBUG):
            self._say(logging.Formatter().formatException((type(error), error, error.__traceback__)))


def _part(logger: str) -> str:
    """``bot.frontends.discord.courier`` is discord, ``bot.jobs.studio`` studio, ``aiohttp.access`` aiohttp."""
    names = logger.split(".")
    if names[0] != OURS:
        return names[0]
    return names[2 if len(names) > 2 else -1]
