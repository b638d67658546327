"""How fast the engine draws, and so when a job will be done. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

SMOOTHING = 0.1
"""Weight of the newest step in the moving average."""


class Work(Protocol):
    """What can be estimated: a job."""

    @property
    def rows_left(self) -> int: ...


class Pace:
    """Seconds a U-Net row, as a moving average."""

    def __init__(self) -> None:
        self.seconds_a_row: float | None = None

    def measure(self, rows: int, seconds: float) -> None:
        """One step of ``rows`` took ``seconds``."""
        newest = seconds / rows
        old = newest if self.seconds_a_row is None else self.seconds_a_row
        self.seconds_a_row = old + SMOOTHING * (newest - old)

    def eta(self, work: Work, everyone: Sequence[Work]) -> float | None:
        """Seconds until ``work`` is done: each of the others is given as many rows as it, if it needs them."""
        if self.seconds_a_row is None:
            return None
        own = work.rows_left
        rows = own + sum(min(own, other.rows_left) for other in everyone if other is not work)
        return rows * self.seconds_a_row

    def retry_after(self, everyone: Sequence[Work]) -> float:
        """Whole seconds until about an eighth of the queue is drawn; 1 to 60."""
        rows = sum(work.rows_left for work in everyone) / 8
        return float(round(min(max(rows * (self.seconds_a_row or 0.1), 1), 60)))
