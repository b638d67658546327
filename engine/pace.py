"""How fast the engine draws, and so when a job will be done. Imports no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import quantiles
from typing import Protocol

SMOOTHING = 0.1
"""Weight of the newest step in the moving average."""
MEMORY = 100
"""Finished jobs from whose times the spread is taken."""
ENOUGH = 10
"""Finished jobs before the spread is trusted."""


class Work(Protocol):
    """What can be estimated: a job."""

    @property
    def rows_left(self) -> int: ...


class Pace:
    """Seconds a U-Net row as a moving average, and how far jobs have been from what it foretold."""

    def __init__(self) -> None:
        self.seconds_a_row: float | None = None
        self._ratios: deque[float] = deque(maxlen=MEMORY)

    def measure(self, rows: int, seconds: float) -> None:
        """One step of ``rows`` took ``seconds``."""
        newest = seconds / rows
        old = newest if self.seconds_a_row is None else self.seconds_a_row
        self.seconds_a_row = old + SMOOTHING * (newest - old)

    def learn(self, foretold: float, seconds: float) -> None:
        """A job took ``seconds``; ``foretold`` is what ``forecast`` gave when it came."""
        if foretold > 0:
            self._ratios.append(seconds / foretold)

    def forecast(self, work: Work, everyone: Sequence[Work]) -> float | None:
        """Seconds until ``work`` is done: each of the others is given as many rows as it, if it needs them."""
        if self.seconds_a_row is None:
            return None
        own = work.rows_left
        rows = own + sum(min(own, other.rows_left) for other in everyone if other is not work)
        return rows * self.seconds_a_row

    def eta(self, work: Work, everyone: Sequence[Work]) -> tuple[float | None, float | None]:
        """Seconds until ``work`` is done: the median and the 90th percentile."""
        forecast = self.forecast(work, everyone)
        if forecast is None:
            return None, None
        if len(self._ratios) < ENOUGH:
            return forecast, 2 * forecast
        deciles = quantiles(self._ratios, n=10)
        return forecast * deciles[4], forecast * deciles[8]

    def retry_after(self, everyone: Sequence[Work]) -> float:
        """Whole seconds until about an eighth of the queue is drawn; 1 to 60."""
        rows = sum(work.rows_left for work in everyone) / 8
        return float(round(min(max(rows * (self.seconds_a_row or 0.1), 1), 60)))
