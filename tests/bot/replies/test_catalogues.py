"""The catalogues against each other, against the command table, and against the code that asks them for texts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

import bot
from bot.commands.table import BUILT_IN, Command
from bot.locales import LOCALES

SOURCE = Path(bot.__file__).parent
TALKERS = {"Refused", "Undeliverable", "say"}
"""What is called with a key of the catalogues, and the values of its text."""
ADDED = {"missing-prompt": {"example"}, "undeliverable": set()}
"""Values that ``bot.replies.replies`` adds itself."""
TRANSLATIONS = tuple(locale for locale in LOCALES if locale != "en")
SAME_EVERYWHERE = {"caption-parameters", "adapter-line", "caption-adapter"}
"""Texts without words of a language."""
BUILT = ("button-", "example-")
"""Beginnings of keys that are put together."""


def path(locale: str) -> Path:
    return SOURCE / "locales" / locale / "LC_MESSAGES" / "sanggar.po"


@cache
def read(locale: str) -> Catalog:
    with path(locale).open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def messages(locale: str) -> dict[str, Message]:
    return {key(message): message for message in read(locale) if message.id}


def key(message: Message) -> str:
    return str(message.id if isinstance(message.id, str) else message.id[0])


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(message: Message) -> set[str]:
    return {name for text in forms(message) for _, name, _, _ in Formatter().parse(text) if name is not None}


def help_texts(commands: Iterable[Command] = BUILT_IN) -> Iterator[str]:
    for command in commands:
        yield command.help
        yield from (option.help for option in command.options)
        yield from help_texts(command.subcommands)


@cache
def calls() -> list[tuple[str, set[str]]]:
    """Keys that stand in the code as a constant, with the names of the values given."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                text, values = node.args[0].value, {str(one.arg) for one in node.keywords}
                if name in TALKERS and isinstance(text, str) and is_key(text):
                    found.append((text, values))
    return found


def is_key(text: str) -> bool:
    return text.replace("-", "").isalpha() and text.islower()


def constants() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_is_there_and_says_something(locale: str) -> None:
    texts = messages(locale)
    replies = {name for other in LOCALES for name in messages(other)} - set(help_texts())
    assert replies - set(texts) == set()
    assert [name for name, message in texts.items() if not all(form.strip() for form in forms(message))] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_stands_there_twice(locale: str) -> None:
    lines = path(locale).read_text(encoding="utf-8").splitlines()
    keys = [line for line in lines if line.startswith("msgid ")]
    assert sorted(keys) == sorted(set(keys))


def test_every_help_text_of_the_table_is_translated() -> None:
    for locale in TRANSLATIONS:
        assert set(help_texts()) - set(messages(locale)) == set()


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_a_translation_has_the_placeholders_of_the_english_text(locale: str) -> None:
    for name, message in messages("en").items():
        assert placeholders(message) == placeholders(messages(locale)[name]), name


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_translations_are_translated(locale: str) -> None:
    texts = messages(locale)
    same = {name for name, message in messages("en").items() if forms(message)[-1] == forms(texts[name])[-1]}
    assert same <= SAME_EVERYWHERE


def test_the_code_asks_for_texts_that_exist_with_the_values_that_they_need() -> None:
    texts = messages("en")
    assert len(calls()) > 30
    for name, given in calls():
        assert name in texts, name
        assert placeholders(texts[name]) - ADDED.get(name, set()) <= given, name


def test_no_text_is_left_that_nothing_asks_for() -> None:
    asked = constants()
    assert {name for name in messages("en") if name not in asked and not name.startswith(BUILT)} == set()
