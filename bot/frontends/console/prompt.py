"""The ``sanggar>`` prompt: a line, its history, and what Tab completes."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.commands.table import Command, CommandTable
from bot.frontends.console.signals import surely_heard

PROMPT = "sanggar> "
HISTORY_LINES = 1000
DELIMITERS = " \t\n"

try:
    import readline
except ImportError:  # not every Python has it; the prompt then has no history
    readline = None  # type: ignore[assignment]


def read_line() -> str | None:
    """The next line; None at the end of the input. Raises KeyboardInterrupt."""
    if sys.stdin.isatty():
        try:
            with surely_heard():
                return input(PROMPT)
        except EOFError:
            print()
            return None
    return sys.stdin.readline() or None


@contextmanager
def editing(history: Path, table: Callable[[], CommandTable], adapters: Callable[[], Iterable[str]]) -> Iterator[None]:
    """History kept in a file and completion on Tab while the block runs; on a terminal alone."""
    if readline is None or not sys.stdin.isatty():
        yield
        return
    with suppress(OSError):
        readline.read_history_file(history)
    readline.set_history_length(HISTORY_LINES)
    readline.set_completer_delims(DELIMITERS)
    readline.set_completer(_completer(table, adapters))
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        with suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history)


def candidates(line: str, word: str, table: CommandTable, adapters: Callable[[], Iterable[str]]) -> list[str]:
    """What can stand where ``word`` (perhaps empty) ends ``line``: commands, options, values or adapters."""
    before = line[: len(line) - len(word)].split()
    if not before:
        found: Iterable[str] = table.names
    elif command := _command(before, table):
        found = _next(command, before, adapters)
    else:
        found = ()
    return sorted(name for name in found if name.startswith(word))


def _command(before: list[str], table: CommandTable) -> Command | None:
    """The command that the words name, the subcommand where they name one."""
    level, found = table.commands, None
    for word in before:
        found = next((command for command in level if command.name == word.removeprefix("/")), found)
        level = found.subcommands if found else ()
        if not level:
            break
    return found


def _next(command: Command, before: list[str], adapters: Callable[[], Iterable[str]]) -> Iterable[str]:
    if command.subcommands:
        return [sub.name for sub in command.subcommands]
    for option in command.options:
        if option.kind == "choice" and before[-1] == f"--{option.name}":
            return option.choices
    if any(option.name == "adapter" for option in command.options):
        styles = next((option.choices for option in command.options if option.name == "style"), ())
        return [*adapters(), *(styles if before[-1] == command.name else ())]
    return [f"--{option.name}" for option in command.options if f"--{option.name}" not in before]


def _completer(
    table: Callable[[], CommandTable], adapters: Callable[[], Iterable[str]]
) -> Callable[[str, int], str | None]:
    found: list[str] = []

    def complete(word: str, state: int) -> str | None:
        if state == 0:
            line = readline.get_line_buffer()[: readline.get_endidx()]
            found[:] = candidates(re.sub(r"^\s+", "", line), word, table(), adapters)
        return f"{found[state]} " if state < len(found) else None

    return complete
