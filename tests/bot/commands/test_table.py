"""The command table against the limits of Discord and Telegram, in every language, with as many styles as they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pytest

from adapters.manifest import RESERVED
from bot.commands.table import (
    BASE_STYLE,
    BUILT_IN,
    COMMANDS_MAX,
    DRAW_OPTIONS,
    FURTHER_MAX,
    Command,
    Option,
    command_table,
)
from bot.frontends.console.frontend import LEAVING
from bot.frontends.discord.commands import CHOICES_MAX
from bot.locales import LOCALES
from bot.replies.replies import Replies
from bot.styles.catalogue import FRAMES
from tests.kit import ROOT

README = ROOT / "README.md"
DISCORD_NAME = re.compile(r"[-_a-z0-9]{1,32}")
TELEGRAM_NAME = re.compile(r"[a-z0-9_]{1,32}")
DESCRIPTION_MAX, CHOICE_MAX, LIST_MAX, COMMAND_MAX = 100, 100, 25, 8000
TEXT_OPTION_MAX = 6000
"""Most that Discord takes as the maximum length of a text option."""
FULL = command_table({f"style_{number:026}": "x" * DESCRIPTION_MAX for number in range(FURTHER_MAX)})
"""As many further styles as there can be, each with the longest name and help."""


def tree(commands: Iterable[Command] = FULL) -> Iterator[Command]:
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
        choices = option.choices if len(option.choices) <= CHOICES_MAX else ()
        parts += [option.name, max(spellings(option.help), key=len), *choices, *choices]
    return sum(map(len, parts)) + sum(weight(one) for one in command.subcommands)


def test_names_suit_both_platforms() -> None:
    for command in FULL:
        assert TELEGRAM_NAME.fullmatch(command.name)
    for name in [*(command.name for command in tree()), *(option.name for option in options())]:
        assert DISCORD_NAME.fullmatch(name)


def test_descriptions_are_short_enough_in_every_language() -> None:
    for text in [*(command.help for command in tree()), *(option.help for option in options())]:
        for spelling in spellings(text):
            assert 1 <= len(spelling) <= DESCRIPTION_MAX, spelling


def test_there_are_not_too_many_of_anything() -> None:
    assert len(FULL.commands) == COMMANDS_MAX == 100
    assert CHOICES_MAX == LIST_MAX
    for command in tree():
        assert len(command.options) <= LIST_MAX
        assert len(command.subcommands) <= LIST_MAX
        assert not (command.options and command.subcommands)
    for option in options():
        assert len(option.choices) <= LIST_MAX or option.name == "style"
        assert all(1 <= len(choice) <= CHOICE_MAX for choice in option.choices)


@pytest.mark.parametrize("further", [0, CHOICES_MAX - 3, FURTHER_MAX])
def test_the_texts_of_a_command_fit_together(further: int) -> None:
    for command in command_table({style.name: style.help for style in FULL.styles[3 : 3 + further]}):
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
    for group in [FULL.commands, *(command.subcommands for command in FULL)]:
        names = [name for command in group for name in (command.name, *command.aliases)]
        assert len(set(names)) == len(names)
    for command in tree():
        names = [name for option in command.options for name in (option.name, *option.aliases)]
        assert len(set(names)) == len(names)


def test_a_command_is_found_by_name_and_alias_in_any_case() -> None:
    assert BUILT_IN.find("KANCIL") is BUILT_IN.commands[0]
    assert BUILT_IN.find("bantuan") is BUILT_IN.find("help")
    assert BUILT_IN.find("nothing") is None


def test_every_drawing_command_has_a_frame() -> None:
    assert [command.name for command in BUILT_IN.styles] == list(FRAMES)
    assert all(frame.count("{prompt}") == 1 for frame in FRAMES.values())


def test_the_readme_names_every_command_and_option_with_what_is_valid() -> None:
    rows = [line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {name: row for row in rows for name in re.findall(r"`(/?[a-z]+)`", row.split("|")[1])}
    assert set(told) == {*BUILT_IN.names, *(option.name for option in DRAW_OPTIONS)} - {"/adapter"}
    for option in DRAW_OPTIONS:
        if option.kind in {"integer", "number"}:
            assert f"to {option.maximum:.0f} |" in told[option.name]
        elif option.name == "size":
            assert f"| {', '.join(option.choices)} |" in told[option.name]


def test_further_styles_draw_and_can_be_given_an_adapter() -> None:
    table = command_table({"batik": "Wax and dye"})
    batik, use = table.find("batik"), table.commands[-1].subcommands[-1]
    assert batik is not None
    assert (batik.style, batik.options, batik.help) == (True, BUILT_IN.styles[0].options, "Wax and dye")
    assert use.options[0].choices == ("kancil", "retro", "landscape", "batik")
    assert table == command_table({"batik": "Wax and dye"}) != BUILT_IN


def test_no_adapter_can_declare_a_command_that_means_something_else() -> None:
    others = [command for command in BUILT_IN if not command.style or command.name == BASE_STYLE]
    taken = {name for command in others for name in (command.name, *command.aliases)}
    assert taken | {name.removeprefix("/") for name in LEAVING} == RESERVED
