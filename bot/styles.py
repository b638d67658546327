"""What a style is, and which adapter draws it where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Style:
    """A built-in style.

    adapter: the one it is drawn with unless a moderator says otherwise; None is the base model alone.
    frame: the prompt that the model gets, with ``{prompt}`` in it. negative: always kept out of the picture.
    """

    name: str
    adapter: str | None
    frame: str
    negative: str
    steps: int = 25
    guidance_scale: float = 7.0
    sampler: str = "dpm++-2m"
    size: str = "square"


@dataclass(frozen=True, slots=True)
class Binding:
    """Which adapter draws a style in one place. ``overridden``: a moderator of the place chose it."""

    style: str
    adapter: str | None
    overridden: bool


class Styles:
    """The styles, and each place's own choice of adapters."""
