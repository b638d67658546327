"""A job: one accepted drawing command, and the states it goes through.

::

    accepted → queued → drawing → drawn → delivered
         └────────┴────────┴───────┴────→ failed | cancelled

A job whose engine or whose bot stopped in the middle goes back to ``queued``. A command that is refused (limit,
bad option) never becomes a job.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.commands.request import DrawRequest
from bot.members.origin import Origin
from bot.styles.style import ResolvedStyle
from engine.protocol import UsedParameters


class State(StrEnum):
    ACCEPTED = "accepted"
    QUEUED = "queued"
    DRAWING = "drawing"
    DRAWN = "drawn"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL_STATES = frozenset({State.DELIVERED, State.FAILED, State.CANCELLED})

NEXT_STATES: dict[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.QUEUED, State.FAILED, State.CANCELLED}),
    State.QUEUED: frozenset({State.DRAWING, State.FAILED, State.CANCELLED}),
    State.DRAWING: frozenset({State.DRAWN, State.QUEUED, State.FAILED, State.CANCELLED}),
    State.DRAWN: frozenset({State.DELIVERED, State.QUEUED, State.FAILED, State.CANCELLED}),
    **{state: frozenset() for state in TERMINAL_STATES},
}
"""Where a job can go from each state."""


DRAWING_BEGUN = "drawing-begun"
"""The reason of a cancelled job that the engine had begun to draw: it is paid for."""


@dataclass(frozen=True, slots=True)
class Job:
    """``seed`` is the one drawn with, fixed at acceptance; ``style`` likewise: a later swap does not touch it.

    id: short, public, unique (eight characters of Crockford's base 32).
    created_at: seconds since the epoch.
    reason: why it failed (a ``bot.replies.replies`` key), or ``DRAWING_BEGUN``; empty otherwise.
    message: the frontend's reference of the posted message once delivered, empty before.
    used: what its first picture was drawn with; None until it is drawn. The others differ in the seed alone.
    fallback: why the base model drew it although ``style`` names an adapter, in the engine's words; else empty.
    """

    id: str
    origin: Origin
    request: DrawRequest
    seed: int
    style: ResolvedStyle
    state: State
    created_at: float
    reason: str = ""
    message: str = ""
    used: UsedParameters | None = None
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture: PNG bytes with the ``parameters`` text chunk, that text, and what it was made from."""

    png: bytes
    parameters: str
    used: UsedParameters

    @property
    def seed(self) -> int:
        return self.used.seed


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands. ``state`` is QUEUED or DRAWING.

    position: requests ahead in the engine's queue. eta: seconds, None where unknown.
    step of steps: denoising steps of the picture being drawn. preview: PNG of a new partial picture, or None.
    engine_away: the engine does not answer; the job waits for it.
    """

    state: State
    position: int = 0
    eta: float | None = None
    step: int = 0
    steps: int = 0
    preview: bytes | None = None
    engine_away: bool = False
