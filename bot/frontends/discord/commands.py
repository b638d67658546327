"""The command table as Discord application commands."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.app_commands import locale_str

from bot.commands.table import SIZES, Command, CommandTable, Option
from bot.frontends.discord.address import Interaction
from engine.protocol import SAMPLERS

if TYPE_CHECKING:
    from bot.frontends.discord.interactions import InteractionHandler

TYPES: dict[str, type] = {"text": str, "integer": int, "number": float, "choice": str}
LABELS = {"sampler": SAMPLERS, "size": {name: f"{name} ({pixels})" for name, pixels in SIZES.items()}}
"""By option: what a member reads instead of a choice's value."""
CHOICES_MAX = 25
"""Choices of one option; where there are more, they are completed while typing."""
COMPLETED = frozenset({"adapter", "job"})
"""Options without choices whose values are completed while typing."""
Callback = Any
"""A coroutine function whose signature is made from the table; discord.py reads it when the command is built."""


def plant(tree: app_commands.CommandTree[Any], handler: InteractionHandler, table: CommandTable) -> None:
    """Puts every command of the table into the tree, and nothing else."""
    tree.clear_commands(guild=None)
    for command in table:
        if command.subcommands:
            tree.add_command(group(command, handler))
        else:
            tree.add_command(leaf(command, handler, ()))


def group(command: Command, handler: InteractionHandler) -> app_commands.Group:
    made = app_commands.Group(
        name=command.name, description=locale_str(command.help), default_permissions=permissions(command)
    )
    for child in command.subcommands:
        made.add_command(leaf(child, handler, (command.name,)))
    return made


def leaf(
    command: Command, handler: InteractionHandler, parents: tuple[str, ...]
) -> app_commands.Command[Any, ..., Any]:
    callback = callback_of(command, handler, (*parents, command.name))
    made: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=command.name, description=locale_str(command.help), callback=callback
    )
    if not parents:
        made.default_permissions = permissions(command)
    return made


def permissions(command: Command) -> discord.Permissions | None:
    """Who sees the command before a server decides otherwise; ``permissions.may_manage`` is what counts."""
    return discord.Permissions(manage_guild=True) if command.moderators else None


def callback_of(command: Command, handler: InteractionHandler, path: tuple[str, ...]) -> Callback:
    """A callback with one typed parameter for each option."""

    async def run(interaction: Interaction, **values: Any) -> None:
        await handler.run(interaction, path, values)

    first = inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Interaction)
    run.__signature__ = inspect.Signature([first, *map(parameter, command.options)])  # type: ignore[attr-defined]
    decorated: Callback = app_commands.describe(**{o.name: locale_str(o.help) for o in command.options})(run)
    for option in command.options:
        if option.name in COMPLETED or len(option.choices) > CHOICES_MAX:
            decorated = app_commands.autocomplete(**{option.name: completer(path, option, handler)})(decorated)
        elif option.choices:
            decorated = app_commands.choices(**{option.name: choices(option)})(decorated)
    return decorated


def completer(path: tuple[str, ...], option: Option, handler: InteractionHandler) -> Callback:
    async def complete(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await handler.complete(interaction, path, option.name, typed)

    return complete


def parameter(option: Option) -> inspect.Parameter:
    """What discord.py reads as one option; ``None`` is the default of those that can be left out."""
    kind = TYPES[option.kind]
    annotation: Any = kind
    if option.minimum is not None or option.maximum is not None:
        bounds = [None if bound is None else bound_type(kind)(bound) for bound in (option.minimum, option.maximum)]
        annotation = app_commands.Range[kind, bounds[0], bounds[1]]
    default = inspect.Parameter.empty if option.required else None
    if not option.required:
        annotation = annotation | None if isinstance(annotation, type) else annotation
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def bound_type(kind: type) -> type:
    """Lengths of texts are whole numbers."""
    return float if kind is float else int


def choices(option: Option) -> list[app_commands.Choice[str]]:
    labels = LABELS.get(option.name, {})
    return [app_commands.Choice(name=labels.get(value, value), value=value) for value in option.choices]
