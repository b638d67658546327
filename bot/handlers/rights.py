"""Who may do what. Each command and button declares one right; the table of ranks follows from these."""

from __future__ import annotations

from enum import StrEnum

from bot.commands.buttons import Button
from bot.commands.table import CommandTable
from bot.jobs.job import Job
from bot.members.asker import Asker


class Right(StrEnum):
    """What a command or button asks of whoever uses it.

    ANYONE: a member of the place. OWN: the author of the job, or who may tidy the place. MANAGE: who may manage it.
    """

    ANYONE = "anyone"
    OWN = "own"
    MANAGE = "manage"


class Rank(StrEnum):
    """What somebody is to a job and its place: another member, its author, or a moderator of the place."""

    MEMBER = "member"
    AUTHOR = "author"
    MODERATOR = "moderator"


BUTTON_RIGHTS: dict[Button, Right] = {
    Button.AGAIN: Right.ANYONE,
    Button.FILE: Right.ANYONE,
    Button.DELETE: Right.OWN,
    Button.CANCEL: Right.OWN,
}
RANKS: dict[Right, frozenset[Rank]] = {
    Right.ANYONE: frozenset(Rank),
    Right.OWN: frozenset({Rank.AUTHOR, Rank.MODERATOR}),
    Right.MANAGE: frozenset({Rank.MODERATOR}),
}
"""The ranks that have a right."""


def command_right(path: tuple[str, ...], table: CommandTable) -> Right:
    """The right that a command asks for, as the command table declares it."""
    command = table.find(path[0])
    return Right.MANAGE if command is not None and command.moderators else Right.ANYONE


def is_author(asker: Asker, job: Job) -> bool:
    origin = asker.origin
    return (job.origin.platform, job.origin.user) == (origin.platform, origin.user)


def may_press(button: Button, asker: Asker, job: Job) -> bool:
    """Whether the asker may use this button of a job of the place."""
    rank = Rank.AUTHOR if is_author(asker, job) else Rank.MODERATOR if asker.may_tidy else Rank.MEMBER
    return rank in RANKS[BUTTON_RIGHTS[button]]
