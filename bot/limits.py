"""How many pictures a member may draw: a token bucket for each (platform, user), kept in SQLite."""

from __future__ import annotations

from dataclasses import dataclass

from bot.request import Platform


@dataclass(frozen=True, slots=True)
class Quota:
    """What a member has left.

    left: pictures that can be drawn now. burst: most that can be saved up. per_hour: how fast it refills.
    full_in: seconds until ``left`` is ``burst`` again; 0 when it is.
    """

    left: int
    burst: int
    per_hour: int
    full_in: float


class Limits:
    async def quota(self, platform: Platform, user: str) -> Quota:
        """What the member has left now (``/quota``)."""
        raise NotImplementedError
