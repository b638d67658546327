"""How long the frontend waits for Discord."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pauses:
    """All in seconds.

    login: before each further attempt to log in while Discord cannot be reached; the last one is repeated.
    delivery: before each further attempt to deliver a job while Discord is out of order; after them it is given up.
    commands: before Discord is told again of commands that it did not take, perhaps because it takes no more new ones
        today.
    servers: for servers that are still loading when Discord says READY; we need none of them.
    """

    login: tuple[float, ...] = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
    delivery: tuple[float, ...] = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0)
    commands: float = 300.0
    servers: float = 0.5


PAUSES = Pauses()
"""What Discord asks for in earnest."""
