"""How fast the engine draws, and so when a job will be done. Work is counted in U-Net rows. Imports no torch."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import quantiles

SMOOTHING = 0.1
"""Weight of the newest step in the moving average."""
MEMORY = 100
"""Finished jobs from whose times the spread is taken."""
ENOUGH = 10
"""Finished jobs before the spread is trusted."""


class ThroughputForecast:
    """Seconds a U-Net row as a moving average, and how far jobs have been from what it predicted_seconds."""

    def __init__(self) -> None:
        self.seconds_a_row: float | None = None
        self._ratios: deque[float] = deque(maxlen=MEMORY)
        self._spread = (1.0, 2.0)
        """What the median and the slowest tenth of the jobs took, in terms of what was predicted_seconds."""

    def measure(self, rows: int, seconds: float) -> None:
        """One step of ``rows`` took ``seconds``."""
        newest = seconds / rows
        old = newest if self.seconds_a_row is None else self.seconds_a_row
        self.seconds_a_row = old + SMOOTHING * (newest - old)

    def learn(self, predicted_seconds: float, seconds: float) -> None:
        """A job took ``seconds``; ``predicted_seconds`` is what ``forecast`` gave when it came."""
        if predicted_seconds > 0:
            self._ratios.append(seconds / predicted_seconds)
        if len(self._ratios) >= ENOUGH:
            deciles = quantiles(self._ratios, n=10)
            self._spread = deciles[4], deciles[8]

    def forecast(self, own: int, everyone: Sequence[int]) -> float | None:
        """Seconds until a job of ``own`` rows is done, one of ``everyone``'s.

        Each of the others is given as many rows as it, if it needs them.
        """
        if self.seconds_a_row is None:
            return None
        return sum(min(own, rows) for rows in everyone) * self.seconds_a_row

    def eta(self, own: int, everyone: Sequence[int]) -> tuple[float | None, float | None]:
        """Seconds until such a job is done: the median and the 90th percentile."""
        forecast = self.forecast(own, everyone)
        if forecast is None:
            return None, None
        return forecast * self._spread[0], forecast * self._spread[1]

    def retry_after(self, everyone: Sequence[int]) -> float:
        """Whole seconds until about an eighth of everyone's rows is drawn; 1 to 60."""
        return float(round(min(max(sum(everyone) / 8 * (self.seconds_a_row or 0.1), 1), 60)))
