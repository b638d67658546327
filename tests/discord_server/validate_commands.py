"""What Discord accepts as application commands, and as options when a member uses one."""

from __future__ import annotations

import re
from typing import Any

from tests.discord_server.validate import choices, known, require, text
from tests.discord_server.world import Json

NAME = re.compile(r"[-_'a-z0-9]{1,32}")
LOCALES = {"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl",
           "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW",
           "ko"}  # fmt: skip
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER = 1, 2, 3, 4, 5, 10
COMMAND_KEYS = {"name", "name_localizations", "description", "description_localizations", "type", "options", "nsfw",
                "dm_permission", "default_member_permissions", "contexts", "integration_types"}  # fmt: skip
OPTION_KEYS = {"name", "name_localizations", "description", "description_localizations", "type", "required", "choices",
               "options", "min_value", "max_value", "min_length", "max_length", "autocomplete"}  # fmt: skip
TOTAL_MAX = 8000
INTEGER_MAX = 2**53


def commands(bodies: Any) -> None:
    require(isinstance(bodies, list) and len(bodies) <= 100, "at most 100 commands")
    names = [body["name"] for body in bodies]
    require(len(set(names)) == len(names), "a command twice")
    for body in bodies:
        known(body, COMMAND_KEYS, "command")
        require(body.get("type", 1) == 1, "only slash commands here")
        permissions = body.get("default_member_permissions")
        require(permissions is None or str(permissions).isdigit(), "default_member_permissions")
        require(set(body.get("contexts") or []) <= {0, 1, 2}, "contexts")
        require(set(body.get("integration_types") or []) <= {0, 1}, "integration_types")
        total = named(body) + options(body.get("options") or [], depth=0)
        require(total <= TOTAL_MAX, f"{body['name']}: {total} characters in all, at most {TOTAL_MAX}")


def named(body: Json) -> int:
    """Checks names and descriptions; returns how many characters count (the longest of each translation)."""
    require(NAME.fullmatch(body["name"]), f"name {body['name']!r}")
    text(body["description"], 1, 100, f"{body['name']}.description")
    total = 0
    for key, limit in (("name", 32), ("description", 100)):
        translations = body.get(f"{key}_localizations") or {}
        require(set(translations) <= LOCALES, f"{key}_localizations of {body['name']}")
        for words in translations.values():
            text(words, 1, limit, f"{body['name']}.{key}_localizations")
        total += max(len(words) for words in (body[key], *translations.values()))
    return total


def options(entries: list[Json], depth: int) -> int:
    require(len(entries) <= 25, "more than 25 options")
    names = [entry["name"] for entry in entries]
    require(len(set(names)) == len(names), "an option twice")
    required = [bool(entry.get("required")) for entry in entries]
    require(required == sorted(required, reverse=True), "required options come first")
    return sum(option(entry, depth) for entry in entries)


def option(entry: Json, depth: int) -> int:
    known(entry, OPTION_KEYS, f"option {entry['name']}")
    kind = entry["type"]
    require(kind in {SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, NUMBER}, f"type of {entry['name']}")
    require(kind not in {SUBCOMMAND, GROUP} or depth < 2, "nested too deep")
    require(not (entry.get("choices") and entry.get("autocomplete")), "choices and autocomplete")
    choices(entry.get("choices") or [])
    for bound in ("min_value", "max_value"):
        if entry.get(bound) is not None:
            require(kind in {INTEGER, NUMBER} and abs(entry[bound]) <= INTEGER_MAX, f"{bound} of {entry['name']}")
    for bound in ("min_length", "max_length"):
        if entry.get(bound) is not None:
            require(kind == STRING and 0 <= entry[bound] <= 6000, f"{bound} of {entry['name']}")
    characters = sum(len(c["name"]) + len(str(c["value"])) for c in entry.get("choices") or [])
    return named(entry) + characters + options(entry.get("options") or [], depth + 1)


def typed(command: Json, values: Json, *, finished: bool = True) -> list[Json]:
    """The options of an interaction as Discord sends them; AssertionError where its own client would not send it."""
    declared = {entry["name"]: entry for entry in command.get("options") or []}
    assert set(values) <= set(declared), f"no such options: {set(values) - set(declared)}"
    if finished:
        missing = {name for name, entry in declared.items() if entry.get("required")} - set(values)
        assert not missing, f"missing: {missing}"
    return [typed_option(declared[name], value) for name, value in values.items()]


def typed_option(entry: Json, value: Any) -> Json:
    if entry["type"] == STRING:
        assert isinstance(value, str)
        assert entry.get("min_length", 0) <= len(value) <= entry.get("max_length", 6000)
    elif entry["type"] == INTEGER:
        assert isinstance(value, int)
    if entry["type"] in {INTEGER, NUMBER}:
        assert entry.get("min_value", -INTEGER_MAX) <= value <= entry.get("max_value", INTEGER_MAX)
    if entry.get("choices"):
        assert value in [choice["value"] for choice in entry["choices"]], f"not a choice: {value}"
    return {"name": entry["name"], "type": entry["type"], "value": value}
