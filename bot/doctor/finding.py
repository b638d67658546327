"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """OPEN is neither: not configured, or worth knowing."""

    GOOD = "✓"
    BAD = "✗"
    OPEN = "–"


@dataclass(frozen=True, slots=True)
class Finding:
    """``advice`` says what to do next; empty where there is nothing to do."""

    mark: Mark
    name: str
    text: str
    advice: str = ""


def good(name: str, text: str, advice: str = "") -> Finding:
    return Finding(Mark.GOOD, name, text, advice)


def bad(name: str, text: str, advice: str) -> Finding:
    return Finding(Mark.BAD, name, text, advice)


def still_open(name: str, text: str, advice: str = "") -> Finding:
    return Finding(Mark.OPEN, name, text, advice)
