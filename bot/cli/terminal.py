"""What every command shares: the two streams, and how an error ends a command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

from bot.engine_link.probe import EngineFailed
from bot.settings import SettingsError
from bot.storage.database import DatabaseError

FAILURE, USAGE = 1, 2
"""Exit codes: it could not be done; it was asked wrongly."""
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
DEBUG = "SANGGAR_DEBUG"


class Failure(Exception):
    """Ends the command with one message for the person at the terminal."""

    def __init__(self, message: str, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code


def output() -> Console:
    """Standard output. Nothing is highlighted, and text that is not ours is printed as ``Text``, never as markup."""
    return Console(highlight=False, emoji=False)


def complaints() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False, emoji=False)


def complain(message: str) -> None:
    print(f"sanggar: {message}", file=sys.stderr)


@contextmanager
def ending() -> Iterator[None]:
    """Turns whatever a command raises into one clear message and an exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:  # whoever read our output has enough; nothing is left to flush into it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(FAILURE) from None
    except Exception as error:
        raise SystemExit(report(error)) from None


def report(error: Exception) -> int:
    """Say what went wrong; the exit code."""
    if os.environ.get(DEBUG):
        raise error
    for line in getattr(error, "tail", ()):
        print(f"  engine | {line}", file=sys.stderr)
    if isinstance(error, Failure):
        complain(str(error))
        return error.code
    if isinstance(error, SettingsError):
        complain(f"a setting is wrong, see .env.example.\n{error}")
        return USAGE
    if isinstance(error, DatabaseError | EngineFailed):
        complain(str(error))
    elif isinstance(error, ModuleNotFoundError):
        complain(f"this command needs {error.name}: pip install -c constraints.txt -e '.[training]'")
    else:
        complain(f"this is a mistake of ours: {type(error).__name__}: {error} ({DEBUG}=1 shows where)")
    return FAILURE


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)
