"""What a member typed, as a command and its options. Telegram and the console send text; Discord sends options.

``/kancil a clever mouse-deer by the river --seed 777 --cfg 7.5``

Options may stand anywhere, as ``--seed 777`` or ``--seed=777``. A text option takes what follows up to the next
option, or one text in quotes. Phones turn ``--`` into a dash and quotes into typographic ones: both are understood.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.options import Value, coerce, printable
from bot.commands.request import DrawRequest
from bot.commands.table import Command, CommandTable, Option
from bot.errors import Refused
from engine.protocol import SEED_MAX

COMMAND = re.compile(r"/(?P<name>[\w-]+)(?:@(?P<mention>\w+))?(?!\S)")
QUOTES = '"“”„‟«»'
TOKEN = re.compile(
    rf"(?P<dash>--|[—–])(?P<flag>[^\W\d_][\w-]*)(?:[=:]\s*|(?!\S))"
    rf"|[{QUOTES}](?P<quoted>[^{QUOTES}]*)[{QUOTES}](?!\S)"
    r"|(?P<word>\S+)"
)
SINGLE_QUOTED = re.compile(r"['‘’]([^'‘’]*)['‘’]")
TRAILING = ",;"
"""What people put between options; it belongs to no value."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that was typed.

    path: ("kancil",) or ("adapter", "use"). options: by name, typed and within their ranges.
    mention: NAME of ``/kancil@NAME``, or empty; a frontend ignores commands for another bot.
    """

    path: tuple[str, ...]
    options: dict[str, Value]
    mention: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a text in quotes, or (``option``) the name of an option."""

    text: str
    quoted: bool = False
    option: Option | None = None


def parse(text: str, table: CommandTable) -> Invocation:
    """The command in ``text``; raises ``bot.errors.Refused``."""
    text = printable(text).strip()
    match = COMMAND.match(text)
    if not match:
        raise Refused("not-a-command", valid=table.names)
    command = _command(match["name"], table)
    path: tuple[str, ...] = (command.name,)
    rest = text[match.end() :]
    if command.subcommands:
        name, rest = [*rest.split(maxsplit=1), "", ""][:2]
        command = _subcommand(command, name)
        path = (*path, command.name)
    return Invocation(path, _options(command, rest), match["mention"] or "")


def draw_request(style: str, options: Mapping[str, object], table: CommandTable) -> DrawRequest:
    """The request for ``/style`` with these options, names and values of the command table.

    Shared by all frontends. Values may be text or already typed; None is the same as left out.
    Raises ``bot.errors.Refused`` for what is missing, unknown or out of range.
    """
    command = _command(style, table)
    given = {_option(command, name).name: value for name, value in options.items() if value is not None}
    values: dict[str, Any] = _coerced(command, given)
    seed, count = values.pop("seed", -1), values.get("count", 1)
    if seed + count - 1 > SEED_MAX:
        raise Refused("out-of-range", option="seed", value=seed, minimum=-1, maximum=SEED_MAX - count + 1)
    values["guidance_scale"] = values.pop("cfg", None)
    return DrawRequest(style=command.name, seed=None if seed == -1 else seed, **values)


def _options(command: Command, text: str) -> dict[str, Value]:
    loose: list[_Token] = []
    given: dict[str, str] = {}
    tokens = list(_tokens(command, text))
    while tokens:
        token = tokens.pop(0)
        if token.option:
            given[token.option.name] = _take(token.option, tokens, whole=command.style)
        else:
            loose.append(token)
    _fill(command, given, loose)
    return _coerced(command, given)


def _take(option: Option, tokens: list[_Token], *, whole: bool) -> str:
    """Removes the option's value from the front of ``tokens``. ``whole``: a text may have several words."""
    if not tokens or tokens[0].option:
        raise Refused("missing-value", option=option.name)
    if option.kind != "text" or tokens[0].quoted or not whole:
        first = tokens.pop(0)
        return first.text if first.quoted else first.text.rstrip(TRAILING)
    words = []
    while tokens and not tokens[0].option:
        words.append(tokens.pop(0).text)
    return _unquoted(" ".join(words))


def _fill(command: Command, given: dict[str, str], loose: Sequence[_Token]) -> None:
    """Words without an option's name: all of them are a prompt; other commands take one for each option in order."""
    free = [option for option in command.options if option.name not in given]
    if command.style:
        if loose and free[:1] == [command.options[0]]:
            given["prompt"] = _joined(loose)
        return
    given.update({option.name: token.text for option, token in zip(free, loose, strict=False)})


def _joined(tokens: Sequence[_Token]) -> str:
    """A prompt; quotes inside it stay, quotes around all of it go."""
    if len(tokens) == 1 and tokens[0].quoted:
        return tokens[0].text
    return _unquoted(" ".join(f'"{token.text}"' if token.quoted else token.text for token in tokens))


def _unquoted(text: str) -> str:
    match = SINGLE_QUOTED.fullmatch(text)
    return match[1] if match else text


def _tokens(command: Command, text: str) -> Iterator[_Token]:
    for match in TOKEN.finditer(text):
        if match["quoted"] is not None:
            yield _Token(match["quoted"], quoted=True)
        elif match["word"] is not None:
            yield _Token(match["word"])
        elif option := _flag(command, match["dash"], match["flag"]):
            yield _Token(match[0], option=option)
        else:
            yield _Token(match[0].strip())


def _flag(command: Command, dash: str, name: str) -> Option | None:
    """The option meant by ``--name``; None where a dash only stands before a word of the prompt."""
    known = {other: option for option in command.options for other in (option.name, *option.aliases)}
    if dash != "--" and not difflib.get_close_matches(name.casefold(), known, n=1, cutoff=0.8):
        return None
    return _option(command, name)


def _option(command: Command, name: str) -> Option:
    known = {other: option for option in command.options for other in (option.name, *option.aliases)}
    if option := known.get(name.casefold()):
        return option
    close = difflib.get_close_matches(name.casefold(), known, n=1)
    valid = tuple(option.name for option in command.options)
    raise Refused("unknown-option", name=name, valid=valid, suggestion="".join(f"--{other}" for other in close))


def _command(name: str, table: CommandTable) -> Command:
    if command := table.find(name):
        return command
    known = [other for command in table for other in (command.name, *command.aliases)]
    close = difflib.get_close_matches(name.casefold(), known, n=1)
    raise Refused(
        "unknown-command", name=f"/{name}", valid=table.names, suggestion="".join(f"/{other}" for other in close)
    )


def _subcommand(command: Command, name: str) -> Command:
    """The first one where none is named."""
    known = {one.name: one for one in command.subcommands}
    if found := known.get(name.casefold() or command.subcommands[0].name):
        return found
    close = difflib.get_close_matches(name.casefold(), known, n=1)
    raise Refused("unknown-command", name=f"/{command.name} {name}", valid=tuple(known), suggestion="".join(close))


def _coerced(command: Command, given: Mapping[str, object]) -> dict[str, Value]:
    """The options with their values checked; a text that is empty is the same as left out."""
    values = {option.name: coerce(option, given[option.name]) for option in command.options if option.name in given}
    values = {name: value for name, value in values.items() if value != ""}
    for option in command.options:
        if option.required and option.name not in values:
            if option.name == "prompt":
                raise Refused("missing-prompt", command=f"/{command.name}")
            raise Refused("missing-option", option=option.name)
    return values
