"""One of every answer that a handler can give."""

from __future__ import annotations

from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN
from bot.errors import Refused
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
from bot.jobs.job import DRAWING_BEGUN, Job, State
from bot.members.limits import Quota
from bot.members.origin import Origin
from bot.styles.bindings import Binding
from bot.styles.choosing import Change, Listing
from bot.styles.style import ResolvedStyle
from tests.bot.kit.adapters import adapter

ORIGIN = Origin("console", "here", "ani", "en", {})
JOB = Job(
    "ab12cd34", ORIGIN, DrawRequest("kancil", "a deer"), 777, ResolvedStyle("kancil", 0.7, "{prompt}"), State.DRAWING, 0
)
STOPPED = Job(JOB.id, ORIGIN, JOB.request, 777, JOB.style, State.CANCELLED, 0, reason=DRAWING_BEGUN)

ANSWERS: tuple[Answer, ...] = (
    JobAccepted(JOB),
    JobStopping(JOB),
    JobsStopped((STOPPED,)),
    CancelChoice((JOB, JOB)),
    NothingToCancel(),
    QuotaShown(Quota(1, 12, 60, 660)),
    HelpShown(BUILT_IN),
    AdapterListing(Listing((adapter("kancil"),), (Binding("kancil", "kancil", False),))),
    AdapterShown(adapter("kancil")),
    AdapterUsed(Change("kancil", "kancil", "batik", False)),
    PictureFiles(JOB, ()),
    PictureFiles(JOB, (b"png",)),
    Removed(JOB),
    Refusal(Refused("not-yours")),
    Mistake("0badc0de"),
)
SILENT = (JobStopping, Removed)
"""Answers without words: the chat shows by itself what happens."""
