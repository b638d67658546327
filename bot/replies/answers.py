"""The words of every answer."""

from __future__ import annotations

from typing import assert_never

from bot.handlers.answer import (
    AdapterListing,
    AdapterShown,
    AdapterUsed,
    Answer,
    CancelChoice,
    HelpShown,
    JobAccepted,
    JobsStopped,
    JobStopping,
    Mistake,
    NothingToCancel,
    PictureFiles,
    QuotaShown,
    Refusal,
    Removed,
)
from bot.replies.replies import MESSAGE_MAX, Replies


def words(answer: Answer, replies: Replies, *, dashes: bool = True, limit: int = MESSAGE_MAX) -> str:  # noqa: PLR0911, PLR0912 - one for each answer
    """What the member reads, at most ``limit`` UTF-16 units; empty if the chat shows by itself what happens.

    dashes: options are typed as ``--seed 777``; False if the platform has its own way (``seed:777``).
    """
    match answer:
        case JobAccepted(job):
            return replies.accepted(job)
        case JobsStopped(jobs):
            return replies.stopped(jobs)
        case CancelChoice(jobs):
            return replies.which_job(jobs, limit)
        case NothingToCancel():
            return replies.say("nothing-to-stop")
        case QuotaShown(quota):
            return replies.quota(quota)
        case HelpShown(table):
            return replies.help(table, dashes=dashes)
        case AdapterListing(listing):
            return replies.adapter_list(listing, limit)
        case AdapterShown(adapter):
            return replies.adapter_info(adapter)
        case AdapterUsed(change):
            return replies.adapter_used(change)
        case PictureFiles(job, pngs):
            return "" if pngs else replies.say("file-gone", seed=job.seed)
        case JobStopping() | Removed():
            return ""
        case Refusal(refused):
            return replies.explain(refused)
        case Mistake(number):
            return replies.say("mistake", id=number)
        case _:
            assert_never(answer)
