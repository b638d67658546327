"""What a job tells the one who asked for it, in order; the last event is one of ``LAST``. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import EngineError
from engine.protocol import UsedParameters


@dataclass(frozen=True)
class Accepted:
    """The job can be drawn, and waits for its turn; always the first event of a job that does not fail at once."""


@dataclass(frozen=True)
class Alive:
    """Nothing new, but the job is still under way."""


@dataclass(frozen=True)
class Progress:
    """The job stands elsewhere than before. ``step`` counts U-Net calls over all its pictures."""

    state: Literal["queued", "drawing"]
    position: int
    step: int
    steps: int
    eta_seconds: float | None = None
    """Until the last picture: the median, and the 90th percentile."""
    eta_p90_seconds: float | None = None


@dataclass(frozen=True)
class Partial:
    """A picture as the model foresees it after ``step`` of ``steps`` U-Net calls; PNG."""

    picture: int
    index: int
    step: int
    steps: int
    png: bytes


@dataclass(frozen=True)
class Finished:
    """One picture of the job; PNG. ``rows`` is what it cost in U-Net rows."""

    picture: int
    png: bytes
    used: UsedParameters
    rows: int


@dataclass(frozen=True)
class Done:
    """All pictures were sent."""


@dataclass(frozen=True)
class Failed:
    """The job ends without (all) its pictures."""

    error: EngineError


@dataclass(frozen=True)
class Cancelled:
    """The work has stopped because somebody asked for it."""


Event = Accepted | Alive | Progress | Partial | Finished | Done | Failed | Cancelled
LAST = (Done, Failed, Cancelled)
