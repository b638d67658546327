"""What an option may be, while a member is typing it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.commands.table import ALL
from bot.handlers.rights import Right, command_right
from bot.handlers.services import Services
from bot.members.asker import Asker
from bot.styles.choosing import DEFAULT, NONE


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``label`` is what the member reads instead of the value; empty if they read the value."""

    value: str
    label: str = ""


async def complete(
    services: Services, path: tuple[str, ...], option: str, typed: str, asker: Asker
) -> list[Suggestion]:
    """Suggestions that hold what was typed, those that start with it first; if none does, what is spelled alike."""
    if command_right(path, services.table) is Right.MANAGE and not asker.may_manage:
        return []
    if path == ("cancel",):
        return _matching(typed, _jobs(services, asker))
    if option == "adapter":
        names = await services.adapter_choice.names()
        words = (DEFAULT, NONE) if path == ("adapter", "use") else ()
        return _matching(typed, map(Suggestion, (*words, *names)))
    return _matching(typed, map(Suggestion, _choices(services, path, option)))


def _jobs(services: Services, asker: Asker) -> list[Suggestion]:
    """The member's own jobs that are under way here, by their prompts."""
    jobs = services.studio.running(asker.origin)
    every = [Suggestion(ALL)] if len(jobs) > 1 else []
    return [*every, *(Suggestion(job.id, f"{job.id}: {job.request.prompt}") for job in jobs)]


def _choices(services: Services, path: tuple[str, ...], option: str) -> tuple[str, ...]:
    command = services.table.find(path[0])
    for name in path[1:]:
        command = next((one for one in command.subcommands if one.name == name), None) if command else None
    return next((one.choices for one in command.options if one.name == option), ()) if command else ()


def _matching(typed: str, suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    part = typed.casefold().strip()
    texts = {(one.label or one.value).casefold(): one for one in suggestions}
    found = [text for text in texts if part in text] or difflib.get_close_matches(part, texts)
    return [texts[text] for text in sorted(found, key=lambda text: not text.startswith(part))]
