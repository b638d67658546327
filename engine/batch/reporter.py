"""Tells those who want to know where their jobs stand. Imports no torch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from engine.batch.events import Progress

if TYPE_CHECKING:
    from engine.batch.active_request import ActiveRequest
    from engine.batch.throughput import ThroughputForecast, Work

REPORT_SECONDS = 0.25
"""Seconds between two reports."""


class Reporter:
    """Sends progress events, a few times a second."""

    def __init__(self, pace: ThroughputForecast) -> None:
        self._pace = pace
        self._reported = 0.0

    def report(self, jobs: list[ActiveRequest]) -> None:
        """To each of ``jobs``, the oldest first, that asked for it; does nothing where the last report was just now."""
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        queue = [job.work for job in jobs]
        for position, job in enumerate(jobs):
            if job.progress:
                job.send(self._progress(job, position, queue))

    def _progress(self, job: ActiveRequest, position: int, queue: list[Work]) -> Progress:
        ahead = 0 if job.drawing else position
        state: Literal["queued", "drawing"] = "drawing" if job.drawing else "queued"
        median, p90 = self._pace.eta(position, queue)
        return Progress(state, ahead, job.step, job.plan.steps, median, p90)
