"""What comes of a command or a button: a closed set of values, which every frontend renders."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from bot.commands.table import CommandTable
from bot.errors import Refused
from bot.jobs.job import Job
from bot.members.limits import Quota
from bot.styles.choosing import Change, Listing
from engine.protocol import AdapterInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobAccepted:
    """The job is in the journal and goes on by itself; the frontend opens the message in which it will live."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobStopping:
    """The job ends as soon as the engine has let go of it; its own message then says so."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobsStopped:
    """The jobs that were cancelled, at least one."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class CancelChoice:
    """The member has several jobs here, and did not say which one to cancel."""

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class NothingToCancel:
    """No such job is under way any more."""


@dataclass(frozen=True, slots=True)
class QuotaShown:
    quota: Quota


@dataclass(frozen=True, slots=True)
class HelpShown:
    table: CommandTable


@dataclass(frozen=True, slots=True)
class AdapterListing:
    listing: Listing


@dataclass(frozen=True, slots=True)
class AdapterShown:
    adapter: AdapterInfo


@dataclass(frozen=True, slots=True)
class AdapterUsed:
    change: Change


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """PNG files of the job as they were drawn, in order; empty if they are no longer kept."""

    job: Job
    pngs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """The asker may delete the job's message, and its picture files are gone; the frontend deletes the message."""

    job: Job


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command cannot be carried out, and the member is told why."""

    refused: Refused


@dataclass(frozen=True, slots=True)
class Mistake:
    """A fault of ours; ``number`` leads to it in the log."""

    number: str


Answer = (
    JobAccepted
    | JobStopping
    | JobsStopped
    | CancelChoice
    | NothingToCancel
    | QuotaShown
    | HelpShown
    | AdapterListing
    | AdapterShown
    | AdapterUsed
    | PictureFiles
    | Removed
    | Refusal
    | Mistake
)


def mistake(error: BaseException) -> Mistake:
    """Logs an error of ours under a fresh number, which is all that the member learns of it."""
    number = secrets.token_hex(4)
    log.error("mistake %s", number, exc_info=error)
    return Mistake(number)
