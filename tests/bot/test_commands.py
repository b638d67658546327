"""The command table against the limits of Discord and Telegram, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot.commands import COMMANDS, LOCALES, SIZES, Command, Option, find
from bot.replies import Replies
from bot.styles import STYLES

DISCORD_NAME = re.compile(r"[-_a-z0-9]{1,32}")
TELEGRAM_NAME = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION_MAX, CHOICE_MAX, LIST_MAX, COMMAND_MAX, COMMANDS_MAX = 100, 100, 25, 8000, 100
TEXT_OPTION_MAX = 6000
"""Most that Discord takes as the maximum length of a text option."""


def tree(commands: tuple[Command, ...] = COMMANDS) -> Iterator[Command]:
    for command in commands:
        yield command
        yield from tree(command.subcommands)


def options() -> list[Option]:
    return [option for command in tree() for option in command.options]


def spellings(text: str) -> list[str]:
    return [Replies(locale).table(text) for locale in LOCALES]


def weight(command: Command) -> int:
    """Characters that Discord counts for one command: the longest spelling of each of its texts; a choice has a name
    and a value."""
    parts = [command.name, max(spellings(command.help), key=len)]
    for option in command.options:
        parts += [option.name, max(spellings(option.help), key=len), *option.choices, *option.choices]
    return sum(map(len, parts)) + sum(weight(one) for one in command.subcommands)


def test_names_suit_both_platforms() -> None:
    for command in COMMANDS:
        assert TELEGRAM_NAME.fullmatch(command.name)
    for name in [*(command.name for command in tree()), *(option.name for option in options())]:
        assert DISCORD_NAME.fullmatch(name)


def test_descriptions_are_short_enough_in_every_language() -> None:
    for text in [*(command.help for command in tree()), *(option.help for option in options())]:
        for spelling in spellings(text):
            assert 1 <= len(spelling) <= DESCRIPTION_MAX, spelling


def test_there_are_not_too_many_of_anything() -> None:
    assert len(COMMANDS) <= COMMANDS_MAX
    for command in tree():
        assert len(command.options) <= LIST_MAX
        assert len(command.subcommands) <= LIST_MAX
        assert not (command.options and command.subcommands)
    for option in options():
        assert len(option.choices) <= LIST_MAX
        assert all(1 <= len(choice) <= CHOICE_MAX for choice in option.choices)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_the_texts_of_a_command_fit_together(command: Command) -> None:
    assert weight(command) <= COMMAND_MAX


def test_required_options_come_first() -> None:
    for command in tree():
        required = [option.required for option in command.options]
        assert required == sorted(required, reverse=True)


def test_every_option_is_bounded_as_its_kind_needs() -> None:
    for option in options():
        if option.kind == "choice":
            assert option.choices
        elif option.kind == "text":
            assert option.maximum
            assert option.maximum <= TEXT_OPTION_MAX
        else:
            assert option.minimum is not None
            assert option.maximum is not None
            assert option.minimum < option.maximum < 2**53


def test_names_and_aliases_are_unique() -> None:
    for group in [COMMANDS, *(command.subcommands for command in COMMANDS)]:
        names = [name for command in group for name in (command.name, *command.aliases)]
        assert len(set(names)) == len(names)
    for command in tree():
        names = [name for option in command.options for name in (option.name, *option.aliases)]
        assert len(set(names)) == len(names)


def test_a_command_is_found_by_name_and_alias_in_any_case() -> None:
    assert find("KANCIL") is COMMANDS[0]
    assert find("bantuan") is find("help")
    assert find("nothing") is None


def test_every_drawing_command_is_a_style_and_every_style_a_command() -> None:
    assert [command.name for command in COMMANDS if command.style] == list(STYLES)
    for style in STYLES.values():
        assert style.frame.count("{prompt}") == 1
        assert style.size in SIZES
