"""The words, quoted texts and options in what a member typed after a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.commands.options import coerce
from bot.commands.suggest import nearest
from bot.commands.table import Command, Option
from bot.errors import Refused

QUOTES = '"“”„‟«»'
FLAG = re.compile(r"(?P<dash>[-—–]{1,2})(?P<gap>[ \t]*)(?P<name>[^\W\d_][\w-]*)(?:\s?[=:]\s*|(?!\S))")
LABEL = re.compile(r"(?P<name>[^\W\d_][\w-]*)\s?[=:]\s*(?P<value>\S*)")
QUOTED = re.compile(rf"[{QUOTES}](?P<text>[^{QUOTES}]*)[{QUOTES}](?!\S)")
WORD = re.compile(r"\S+")
TRAILING = ",;"
"""What people put between options; it belongs to no value."""
ALIKE = 0.8
"""How much a word must be like the name of an option (``difflib``) to look like a misspelt one."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a text in quotes, or (``option``) the name of an option."""

    text: str
    quoted: bool = False
    option: Option | None = None


def tokenize(command: Command, text: str) -> Iterator[Token]:
    position = 0
    while match := WORD.search(text, position):
        start = match.start()
        if found := QUOTED.match(text, start):
            yield Token(found["text"], quoted=True)
        elif (found := FLAG.match(text, start)) and (option := _flag(command, found, text[found.end() :])):
            yield Token(found[0], option=option)
        elif (found := LABEL.match(text, start)) and (option := _label(command, found)):
            yield Token(found[0], option=option)
            position = found.start("value")
            continue
        else:
            found = WORD.match(text, start)
            assert found
            yield Token(found[0])
        position = found.end()


def _flag(command: Command, flag: re.Match[str], rest: str) -> Option | None:
    """The option meant by ``--name``, ``-name``, ``—name`` or ``-- name``; None if a dash only stands before a word.

    Two hyphens mean an option for certain; another dash does if the word is one, or is nearly one and is not only set
    off by the dash. Raises Refused if an option is meant that is none.
    """
    name = flag["name"]
    if name.casefold() in _names(command) or (flag["dash"] == "--" and not flag["gap"]):
        return find_option(command, name)
    if (close := _alike(command, name)) and (not flag["gap"] or is_valid(close, [*rest.split(), ""][0])):
        return find_option(command, name)
    return None


def _label(command: Command, label: re.Match[str]) -> Option | None:
    """The option meant by ``name=value`` or ``name: value``; None if it is a part of the prompt.

    Raises Refused if an option is meant that is none: the name is nearly one, and the value would do.
    """
    name = label["name"]
    if not command.style:
        return None
    if option := _names(command).get(name.casefold()):
        return option
    close = _alike(command, name)
    return find_option(command, name) if close and close.kind != "text" and is_valid(close, label["value"]) else None


def _names(command: Command) -> dict[str, Option]:
    """Every name and alias of the command's options."""
    return {name: option for option in command.options for name in (option.name, *option.aliases)}


def _alike(command: Command, name: str) -> Option | None:
    """The option whose name is nearly this."""
    names = _names(command)
    close = nearest(name.casefold(), names, ALIKE)
    return names[close] if close else None


def is_valid(option: Option, value: str) -> bool:
    try:
        coerce(option, value.rstrip(TRAILING))
    except Refused:
        return False
    return True


def find_option(command: Command, name: str) -> Option:
    known = _names(command)
    if option := known.get(name.casefold()):
        return option
    close = nearest(name.casefold(), known)
    valid = tuple(option.name for option in command.options)
    raise Refused("unknown-option", name=name, valid=valid, suggestion=f"--{close}" if close else "")
