"""The buttons under a job's message. They carry its id, so that they work after a restart."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.commands.buttons import WHEN_FAILED, WHILE_DRAWING, Button
from bot.jobs.job import Job
from bot.replies.replies import Replies


def read(data: str | None) -> tuple[Button, str] | None:
    """Button and job id; None for what is not ours (a client can send anything)."""
    button, _, job_id = (data or "").partition(":")
    return (Button(button), job_id) if button in set(Button) and job_id else None


def while_drawing(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    return _rows([_row(replies, job, WHILE_DRAWING)])


def when_finished(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    seed = InlineKeyboardButton(replies.say("button-seed", seed=job.seed), copy_text=CopyTextButton(str(job.seed)))
    return _rows(
        [[*_row(replies, job, (Button.AGAIN,)), seed], _row(replies, job, (Button.FILE, Button.DELETE))],
    )


def when_failed(replies: Replies, job: Job) -> InlineKeyboardMarkup:
    return _rows([_row(replies, job, WHEN_FAILED)])


def _row(replies: Replies, job: Job, buttons: Sequence[Button]) -> list[InlineKeyboardButton]:
    return [InlineKeyboardButton(replies.button(one), callback_data=f"{one}:{job.id}") for one in buttons]


def _rows(rows: Sequence[Sequence[InlineKeyboardButton]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(rows)
