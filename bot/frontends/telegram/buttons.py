"""The buttons under a job's message. They carry its id, so that they work after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.jobs.job import Job
from bot.replies.replies import Replies


class Action(StrEnum):
    """What a button does; the first part of its ``callback_data``."""

    AGAIN = "again"
    FILE = "file"
    DELETE = "delete"
    CANCEL = "cancel"


def read(data: str | None) -> tuple[Action, str] | None:
    """Action and job id; None for what is not ours (a client can send anything)."""
    action, _, job_id = (data or "").partition(":")
    return (Action(action), job_id) if action in set(Action) and job_id else None


def while_drawing(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    return _rows([[_button(replies, Action.CANCEL, job)]])


def when_finished(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    seed = InlineKeyboardButton(replies.say("button-seed", seed=job.seed), copy_text=CopyTextButton(str(job.seed)))
    return _rows(
        [
            [_button(replies, Action.AGAIN, job), seed],
            [_button(replies, Action.FILE, job), _button(replies, Action.DELETE, job)],
        ]
    )


def when_failed(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    return _rows([[_button(replies, Action.AGAIN, job), _button(replies, Action.DELETE, job)]])


def _button(replies: Replies, action: Action, job: Job) -> InlineKeyboardButton:
    return InlineKeyboardButton(replies.button(action.value), callback_data=f"{action}:{job.id}")


def _rows(rows: Sequence[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(rows)
