"""How many pictures a member may draw: a token bucket for each (platform, user), kept in SQLite."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import Refused
from bot.members.origin import Platform
from bot.storage.database import Connection, Database

LEFT = "min(:burst, pictures + max(0, :now - as_of) * :rate)"
"""SQL: what a bucket holds now. It refills at ``rate`` pictures a second, up to ``burst``.

``as_of`` never goes back, so that a clock that is set back and forward again gives nothing away.
"""
TAKE = f"""
    INSERT INTO allowances (platform, user, pictures, as_of) VALUES (:platform, :user, :burst - :cost, :now)
    ON CONFLICT (platform, user) DO UPDATE SET pictures = {LEFT} - :cost, as_of = max(as_of, :now) WHERE {LEFT} >= :cost
    RETURNING pictures
"""
GIVE_BACK = """
    UPDATE allowances SET pictures = min(:burst, pictures + :cost) WHERE platform = :platform AND user = :user
"""
QUERY = f"SELECT {LEFT} AS pictures FROM allowances WHERE platform = :platform AND user = :user"


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
    """``clock`` gives seconds since the epoch: the buckets outlive the process."""

    def __init__(
        self, database: Database, *, per_hour: int, burst: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._per_hour = per_hour
        self._burst = burst
        self._clock = clock

    async def quota(self, platform: Platform, user: str) -> Quota:
        """What the member has left now (``/quota``)."""
        rows = await self._database.rows(QUERY, self._values(platform, user))
        pictures = float(rows[0]["pictures"]) if rows else float(self._burst)
        return Quota(int(pictures), self._burst, self._per_hour, self._seconds(self._burst - pictures))

    async def take(self, connection: Connection, platform: Platform, user: str, cost: int) -> None:
        """Takes ``cost`` pictures, in the caller's transaction; raises Refused, which says when there are enough."""
        values = self._values(platform, user, cost)
        if await connection.execute_fetchall(TAKE, values):
            return
        [row] = await connection.execute_fetchall(QUERY, values)
        left = float(row["pictures"])
        seconds = math.ceil(self._seconds(cost - left))
        if left < 1:
            raise Refused("no-pictures-left", seconds=seconds)
        raise Refused("too-many-pictures", n=int(left), cost=cost, seconds=seconds)

    async def give_back(self, connection: Connection, platform: Platform, user: str, cost: int) -> None:
        """Returns what ``take`` took, in the caller's transaction."""
        await connection.execute(GIVE_BACK, self._values(platform, user, cost))

    def _seconds(self, pictures: float) -> float:
        """How long that many pictures take to refill."""
        return pictures * 3600 / self._per_hour

    def _values(self, platform: Platform, user: str, cost: int = 0) -> dict[str, str | float]:
        return {
            "platform": platform,
            "user": user,
            "cost": cost,
            "burst": self._burst,
            "rate": self._per_hour / 3600,
            "now": self._clock(),
        }
