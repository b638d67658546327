"""How fast the engine draws, and so when a job will be done. Imports no torch.

Work is counted in U-Net rows, and drawn as ``engine.batch.scheduler`` shares it out: each user gets as much as any
other, and of one user's jobs the oldest goes first. After its last row a picture is still to be decoded.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

SMOOTHING = 0.1
"""Weight of the newest step in the moving average."""
MEMORY = 100
"""Finished jobs from whose times the spread is taken."""
ENOUGH = 10
"""Finished jobs before the spread is trusted."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is left to draw of one job."""

    user: str
    rows: int


class ThroughputForecast:
    """Seconds a U-Net row and seconds a decoding as moving averages, and how far jobs were from what they promised."""

    def __init__(self) -> None:
        self.seconds_a_row: float | None = None
        self.decode_seconds = 0.0
        """From a picture's last step until it is sent: its turn behind others, and its decoding."""
        self._ratios: deque[float] = deque(maxlen=MEMORY)
        self._spread = (1.0, 2.0)
        """What the median and the slowest tenth of the jobs took, in terms of what was predicted_seconds."""

    def measure(self, rows: int, seconds: float) -> None:
        """One step of ``rows`` took ``seconds``."""
        self.seconds_a_row = _smoothed(self.seconds_a_row, seconds / rows)

    def measure_decode(self, seconds: float) -> None:
        """A picture was sent ``seconds`` after its last step."""
        self.decode_seconds = _smoothed(self.decode_seconds or None, seconds)

    def learn(self, predicted_seconds: float, seconds: float) -> None:
        """A job took ``seconds``; ``predicted_seconds`` is what ``forecast`` gave when it came."""
        if predicted_seconds > 0:
            self._ratios.append(seconds / predicted_seconds)
        if len(self._ratios) >= ENOUGH:
            deciles = quantiles(self._ratios, n=10)
            self._spread = deciles[4], deciles[8]

    def forecast(self, position: int, queue: Sequence[Work]) -> float | None:
        """Seconds until the job at ``position`` of ``queue``, the oldest first, is done; None before the first step.

        The user's older jobs go before it, and every other user is given as many rows as these together, if needed.
        """
        if self.seconds_a_row is None:
            return None
        user = queue[position].user
        own = sum(work.rows for work in queue[: position + 1] if work.user == user)
        others: Counter[str] = Counter()
        for work in queue:
            if work.user != user:
                others[work.user] += work.rows
        return (own + sum(min(own, rows) for rows in others.values())) * self.seconds_a_row + self.decode_seconds

    def eta(self, position: int, queue: Sequence[Work]) -> tuple[float | None, float | None]:
        """Seconds until such a job is done: the median and the 90th percentile."""
        forecast = self.forecast(position, queue)
        if forecast is None:
            return None, None
        return forecast * self._spread[0], forecast * self._spread[1]

    def retry_after(self, queue: Sequence[Work]) -> float:
        """Whole seconds until about an eighth of everyone's rows is drawn; 1 to 60."""
        rows = sum(work.rows for work in queue)
        return float(round(min(max(rows / 8 * (self.seconds_a_row or 0.1), 1), 60)))


def _smoothed(old: float | None, newest: float) -> float:
    return newest if old is None else old + SMOOTHING * (newest - old)
