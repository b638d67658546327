"""Tells Discord our commands, only when they differ from those that it has."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands
from discord.http import Route

METADATA = frozenset({"id", "application_id", "guild_id", "version", "default_permission", "dm_permission", "handler"})
"""What Discord adds, and the deprecated ``dm_permission``, which ``contexts`` replaces."""

log = logging.getLogger(__name__)


async def sync(client: discord.Client, tree: app_commands.CommandTree[Any]) -> bool:
    """Whether the commands had changed; raises discord.HTTPException."""
    assert client.application_id is not None
    assert tree.translator is not None
    ours = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    theirs = await client.http.request(route, params={"with_localizations": "true"})
    if alike(by_name(ours), by_name(theirs)):
        return False
    await client.http.bulk_upsert_global_commands(client.application_id, payload=ours)
    log.info("told Discord our %d commands", len(ours))
    return True


def by_name(commands: list[dict[str, Any]]) -> dict[str, Any]:
    """Without the metadata; deeper down, ``id`` is a language."""
    return {
        command["name"]: {key: value for key, value in command.items() if key not in METADATA} for command in commands
    }


def alike(ours: Any, theirs: Any) -> bool:
    """Whether two payloads mean the same: Discord leaves defaults out, and writes permissions as text."""
    if blank(ours) or blank(theirs):
        return blank(ours) and blank(theirs)
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return all(alike(ours.get(key), theirs.get(key)) for key in set(ours) | set(theirs))
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ordered(ours), ordered(theirs)))
    return str(ours) == str(theirs) or ours == theirs


def blank(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def ordered(values: list[Any]) -> list[Any]:
    """Contexts and installation types have no order; options and choices do."""
    return sorted(values) if all(isinstance(value, int) for value in values) else values
