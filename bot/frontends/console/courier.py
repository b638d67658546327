"""Delivers to the terminal: a live line while drawing, then the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.frontends.console.view import View
from bot.jobs.courier import Undeliverable
from bot.jobs.job import Job, Picture, Progress
from bot.replies.replies import Replies

Finish = Callable[[Job, Sequence[Picture]], str]
"""Keeps the finished pictures; returns the path of the first. Raises OSError."""


class ConsoleCourier:
    """One person at one terminal: whatever happens is shown there."""

    def __init__(self, view: View, replies: Replies, finish: Finish) -> None:
        self._view, self._replies, self._finish = view, replies, finish

    async def progress(self, job: Job, progress: Progress) -> None:
        fraction = progress.step / progress.steps if progress.steps else None
        self._view.progress(self._replies.progress(job, progress), fraction, progress.preview)

    async def deliver(self, job: Job, pictures: Sequence[Picture]) -> str:
        self._view.clear()
        try:
            return self._finish(job, pictures)
        except OSError as error:
            self._view.say(self._replies.say("not-kept", path=error.filename or "-", why=error.strerror or error))
            raise Undeliverable("undeliverable") from error

    async def inform(self, job: Job) -> None:
        self._view.say(self._replies.ended(job))
