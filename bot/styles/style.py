"""How a style is drawn in one place: the adapter, its weight and the prompt's frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResolvedStyle:
    """How a style is drawn.

    adapter: None is the base model alone. weight: of the adapter; 1 is as trained.
    frame: the prompt that the model gets, with ``{prompt}`` in it.
    """

    adapter: str | None
    weight: float
    frame: str
