"""Who takes part in the next U-Net call. Pure policy: no torch, no clock, no threads.

Each user has a virtual time: the rows that were spent on them, divided by their weight. A call is filled one picture
after the other, always from the user with the least virtual time, and from the oldest of that user's pictures
(start-time fair queueing; Goyal, Vin and Cheng, 1996). Larger pictures count for more rows, and one that is larger than
a call's bound is drawn alone. Who took part in the last call is preferred by ``QUANTUM`` steps, so that pictures come
and go at any step but do not flicker. Newcomers begin where the call has got to, so that somebody who cannot take part
in it, because of his picture's shape or of his adapters, is not overtaken by them for ever.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

QUANTUM = 5
"""Steps that a picture in the batch may be ahead of one that waits."""


class CallKey(NamedTuple):
    """What pictures must have in common to share a U-Net call.

    checkpoint: the key of the networks that draw. latent_shape: (1, channels, height, width).
    """

    checkpoint: str
    latent_shape: tuple[int, ...]


@dataclass(frozen=True)
class Ticket:
    """One picture, as the policy sees it."""

    id: Hashable
    user: str
    rows: int
    """U-Net rows of a step: 2 with guidance, else 1."""
    group: Hashable = None
    """Pictures of one group can share a call; the engine gives a ``CallKey``."""
    adapters: frozenset[str] = frozenset()
    size: float = 1.0
    """What a row of it takes, of time and of memory, in rows of the model's native size."""

    @property
    def cost(self) -> float:
        """What one denoising step of this picture costs: its rows times the size of a row."""
        return self.rows * self.size


class Scheduler:
    """The pictures that are ready to be drawn, and the turn of each."""

    def __init__(self, max_rows: int, max_adapters: int, weights: Mapping[str, float] | None = None) -> None:
        self.max_rows = max_rows
        self.max_adapters = max_adapters
        self._weights = dict(weights or {})
        self._tickets: dict[Hashable, Ticket] = {}
        self._time: dict[str, float] = {}
        self._now = 0.0
        """The virtual time that the call has got to: the least of those in it, and it never goes back."""
        self._last: frozenset[Hashable] = frozenset()

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, ticket: Ticket) -> None:
        """Take part from the next call on. Someone who was away earned nothing by it."""
        if not any(other.user == ticket.user for other in self._tickets.values()):
            self._time[ticket.user] = max(self._time.get(ticket.user, 0.0), self._now)
        self._tickets[ticket.id] = ticket

    def remove(self, ids: Iterable[Hashable]) -> None:
        """Done, failed or cancelled; unknown ids are ignored."""
        for id in ids:
            self._tickets.pop(id, None)
        self._forget_users()

    def pick(self) -> list[Ticket]:
        """The pictures of the next call; charges their users."""
        waiting = list(self._tickets.values())
        if not waiting:
            return []
        group = min(waiting, key=self._rank).group
        chosen = self._fill([ticket for ticket in waiting if ticket.group == group])
        self._now = max(self._now, min(self._time[ticket.user] for ticket in chosen))
        self._last = frozenset(ticket.id for ticket in chosen)
        return chosen

    def _fill(self, waiting: list[Ticket]) -> list[Ticket]:
        queues: dict[str, list[Ticket]] = {}
        for ticket in waiting:
            queues.setdefault(ticket.user, []).append(ticket)
        chosen: list[Ticket] = []
        adapters: frozenset[str] = frozenset()
        cost = 0.0
        while queues:
            ticket = min((queue[0] for queue in queues.values()), key=self._rank)
            union = adapters | ticket.adapters
            if chosen and (cost + ticket.cost > self.max_rows or len(union) > self.max_adapters):
                del queues[ticket.user]
                continue
            chosen.append(ticket)
            adapters, cost = union, cost + ticket.cost
            self._time[ticket.user] += ticket.cost / self._weight(ticket.user)
            queues[ticket.user].pop(0)
            if not queues[ticket.user]:
                del queues[ticket.user]
        return chosen

    def _rank(self, ticket: Ticket) -> float:
        """Lower goes first; equal ranks go by age, since dictionaries keep their order."""
        head_start = QUANTUM * ticket.cost / self._weight(ticket.user) if ticket.id in self._last else 0.0
        return self._time[ticket.user] - head_start

    @property
    def users(self) -> frozenset[str]:
        """Users who wait for something, or whose share is still used up."""
        return frozenset(self._time)

    def _weight(self, user: str) -> float:
        return self._weights.get(user, 1.0)

    def _forget_users(self) -> None:
        """Forget who is away and owes nothing, so that the table stays small."""
        present = {ticket.user for ticket in self._tickets.values()}
        self._time = {user: time for user, time in self._time.items() if user in present or time > self._now}
