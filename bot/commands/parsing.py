"""What a member typed, as a command and its options. Telegram and the console send text; Discord sends options.

``/kancil a clever mouse-deer by the river --seed 777 --cfg 7.5``

Options may stand anywhere, as ``--seed 777``, ``--seed=777``, ``-seed 777`` or ``seed: 777``. A text option takes what
follows up to the next option, or one text in quotes. Phones turn ``--`` into a dash and quotes into typographic ones:
both are understood. What looks like an option and is none is refused, never drawn; in quotes it belongs to the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.options import Value, coerce, printable
from bot.commands.request import DrawRequest
from bot.commands.suggest import nearest
from bot.commands.table import Command, CommandTable, Option
from bot.commands.tokens import TRAILING, Token, find_option, is_valid, tokenize
from bot.errors import Refused
from engine.protocol import SEED_MAX

COMMAND = re.compile(r"/(?P<name>[\w-]+)(?:@(?P<mention>\w+))?(?!\S)")
SINGLE_QUOTED = re.compile(r"['‘’]([^'‘’]*)['‘’]")
WORDS_OF_A_CHOICE = 3
"""Words of the longest choice, such as "DPM++ 2M Karras"."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that was typed.

    path: ("kancil",) or ("adapter", "use"). options: by name, typed and within their ranges.
    mention: NAME of ``/kancil@NAME``, or empty; a frontend ignores commands for another bot.
    """

    path: tuple[str, ...]
    options: dict[str, Value]
    mention: str = ""


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
    given = {find_option(command, name).name: value for name, value in options.items() if value is not None}
    values: dict[str, Any] = _coerced(command, given)
    seed, count = values.pop("seed", -1), values.get("count", 1)
    if seed + count - 1 > SEED_MAX:
        raise Refused("out-of-range", option="seed", value=seed, minimum=-1, maximum=SEED_MAX - count + 1)
    values["guidance_scale"] = values.pop("cfg", None)
    return DrawRequest(style=command.name, seed=None if seed == -1 else seed, **values)


def _options(command: Command, text: str) -> dict[str, Value]:
    loose: list[Token] = []
    given: dict[str, str] = {}
    tokens = list(tokenize(command, text))
    while tokens:
        token = tokens.pop(0)
        if not token.option:
            loose.append(token)
        elif token.option.name in given:
            raise Refused("given-twice", option=token.option.name)
        elif token.option.kind == "choice":
            given[token.option.name] = _take_choice(token.option, tokens, first=not loose)
        else:
            given[token.option.name] = _take(token.option, tokens, whole=command.style)
    _fill(command, given, loose)
    return _coerced(command, given)


def _take(option: Option, tokens: list[Token], *, whole: bool) -> str:
    """Removes the option's value from the front of ``tokens``. ``whole``: a text may have several words."""
    if not tokens or tokens[0].option:
        raise Refused("missing-value", option=option.name)
    if option.kind != "text" or tokens[0].quoted or not whole:
        first = tokens.pop(0)
        return first.text if first.quoted else first.text.rstrip(TRAILING)
    return _unquoted(" ".join(token.text for token in _following(tokens, len(tokens))))


def _take_choice(option: Option, tokens: list[Token], *, first: bool) -> str:
    """Removes the longest choice from the front of ``tokens``: "Euler a" before "Euler".

    first: nothing of the prompt came before, so that in "euler a fox" the "a" belongs to the prompt.
    """
    words = [token.text for token in _following(list(tokens), WORDS_OF_A_CHOICE)]
    fitting = [
        count for count in range(len(words), 0, -1) if is_valid(option, " ".join(words[:count]).rstrip(TRAILING))
    ]
    if not fitting or tokens[0].quoted:
        return _take(option, tokens, whole=False)
    count = fitting[0]
    if (
        first
        and len(fitting) > 1
        and words[count - 1].casefold() == "a"
        and len(tokens) > count
        and not tokens[count].option
    ):
        count = fitting[1]
    return " ".join(token.text for token in _following(tokens, count)).rstrip(TRAILING)


def _following(tokens: list[Token], most: int) -> list[Token]:
    """Removes at most so many tokens from the front of ``tokens``, up to the next option."""
    words: list[Token] = []
    while tokens and not tokens[0].option and len(words) < most:
        words.append(tokens.pop(0))
    return words


def _fill(command: Command, given: dict[str, str], loose: Sequence[Token]) -> None:
    """Words without an option's name: all of them are a prompt; other commands take one for each option in order."""
    free = [option for option in command.options if option.name not in given]
    if command.style:
        if loose and free[:1] == [command.options[0]]:
            given["prompt"] = _joined(loose)
        elif loose:
            raise Refused("unexpected-words", words=_joined(loose), command=f"/{command.name}")
        return
    if len(loose) > len(free) and command.options:
        rest = " ".join(token.text for token in loose[len(free) :])
        raise Refused("unexpected-words", words=rest, command=f"/{command.name}")
    given.update({option.name: token.text for option, token in zip(free, loose, strict=False)})


def _joined(tokens: Sequence[Token]) -> str:
    """A prompt; quotes inside it stay, quotes around all of it go."""
    if len(tokens) == 1 and tokens[0].quoted:
        return tokens[0].text
    return _unquoted(" ".join(f'"{token.text}"' if token.quoted else token.text for token in tokens))


def _unquoted(text: str) -> str:
    match = SINGLE_QUOTED.fullmatch(text)
    return match[1] if match else text


def _command(name: str, table: CommandTable) -> Command:
    if command := table.find(name):
        return command
    known = [other for command in table for other in (command.name, *command.aliases)]
    close = nearest(name.casefold(), known)
    raise Refused("unknown-command", name=f"/{name}", valid=table.names, suggestion=f"/{close}" if close else "")


def _subcommand(command: Command, name: str) -> Command:
    """The first one where none is named."""
    known = {one.name: one for one in command.subcommands}
    if found := known.get(name.casefold() or command.subcommands[0].name):
        return found
    close = nearest(name.casefold(), known)
    raise Refused("unknown-command", name=f"/{command.name} {name}", valid=tuple(known), suggestion=close)


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
