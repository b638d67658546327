"""What somebody probably meant who misspelt a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str], cutoff: float = 0.6) -> str:
    """The valid name that is most like ``name``, or empty if none is near; ``cutoff`` as in ``difflib``."""
    return "".join(difflib.get_close_matches(name, list(valid), n=1, cutoff=cutoff))
