"""An accepted request and its pictures, from the queue to the last event."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from engine.adapters.cache import HeldAdapters
from engine.batch.events import LAST, Accepted, Event, Failed, Progress
from engine.batch.scheduler import Ticket
from engine.batch.throughput import Work
from engine.plan import Plan
from engine.samplers.sampling import Sampling


@dataclass
class ActivePicture:
    """One picture while it is drawn."""

    job: ActiveRequest
    index: int
    seed: int
    sampling: Sampling
    prompt: torch.Tensor
    """Embedding of the prompt, shape (1, tokens, width)."""
    negative: torch.Tensor | None
    """Embedding of the negative prompt, same shape; None if guidance is off."""
    ticket: Ticket
    applied: HeldAdapters
    partials_at: dict[int, int] = field(default_factory=dict)
    """U-Net calls after which a partial picture is due, and its index."""

    @property
    def rows(self) -> int:
        return self.ticket.rows


class ActiveRequest:
    """A plan and the one who waits for it. ``send`` is called from worker threads and must not block."""

    def __init__(self, id: str, plan: Plan, send: Callable[[Event], None], *, progress: bool = False) -> None:
        self.id = id
        self.plan = plan
        self.progress = progress
        """Whether somebody wants to hear of every step."""
        self.pictures: list[ActivePicture] = []
        self.applied: HeldAdapters | None = None
        """The adapters that are held for this job."""
        self.unfinished = plan.count
        self.drawing = False
        self._accepted = False
        self.ended = False
        self.outcome = ""
        """How it ended: ``done``, ``cancelled``, or the code of an error."""
        self.on_end: Callable[[ActiveRequest], None] = lambda job: None
        self.predicted_seconds: float | None = None
        """Seconds that it was expected to take when it came."""
        self.accepted_at = time.monotonic()
        self._send = send
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Pass ``event`` on. ``Accepted`` goes out once and before any progress, and nothing follows the last event.

        Whoever hears the last one finds the job's place free.
        """
        with self._lock:
            repeated = isinstance(event, Accepted) and self._accepted
            early = isinstance(event, Progress) and not self._accepted
            if self.ended or repeated or early:
                return
            self._accepted = self._accepted or isinstance(event, Accepted)
            if not isinstance(event, LAST):
                self._send(event)
                return
            self.ended = True
            self.outcome = event.error.code if isinstance(event, Failed) else type(event).__name__.lower()
        self.on_end(self)
        self._send(event)

    @property
    def rows_left(self) -> int:
        """U-Net rows until the last picture; an estimate while the pictures are being prepared."""
        if not self.pictures:
            return self.plan.count * self.plan.steps * (2 if self.plan.guided else 1)
        return sum((p.sampling.calls - p.sampling.index) * p.rows for p in self.pictures)

    @property
    def work(self) -> Work:
        """What is left of it, for a forecast."""
        return Work(self.plan.user, self.rows_left)

    @property
    def step(self) -> int:
        """How many of the request's denoising steps are done, over all its pictures."""
        calls = sum(picture.sampling.calls for picture in self.pictures)
        return self.plan.steps * sum(picture.sampling.index for picture in self.pictures) // calls if calls else 0


def partial_calls(partials: int, calls: int) -> dict[int, int]:
    """After which U-Net calls partial pictures are due, evenly spread before the last call."""
    due = [round((index + 1) * calls / (partials + 1)) for index in range(partials)]
    return {call: index for index, call in enumerate(sorted({call for call in due if 0 < call < calls}))}
