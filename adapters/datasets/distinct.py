"""Pictures of one data set that differ enough for ``sanggar dataset check``."""

from __future__ import annotations

from adapters.datasets.paint import Drawn
from adapters.preparation.checking import Fingerprint, fingerprint

PATIENCE = 100
"""Drawings refused in a row before it is given up."""


class Distinct:
    """Remembers what it let pass."""

    def __init__(self) -> None:
        self._kept: list[Fingerprint] = []
        self._refused = 0

    def is_new(self, drawn: Drawn) -> bool:
        """Whether the picture is no near-duplicate of an earlier one; then it is remembered too.

        Raises ValueError where so many were that there will hardly be another new one.
        """
        mine = fingerprint(drawn.picture)
        if any(mine.is_near(other) for other in self._kept):
            self._refused += 1
            if self._refused == PATIENCE:
                raise ValueError(f"{PATIENCE} drawings look like earlier ones, the last of {drawn.caption}")
            return False
        self._refused = 0
        self._kept.append(mine)
        return True
