"""What a person sees while a long piece of work goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Item = TypeVar("Item")


def tracked(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """The items one by one; on a terminal a bar with the time left shows how far it is, and goes when it is done."""
    console = Console(stderr=True)
    return track(items, doing, console=console, transient=True, disable=not console.is_terminal)
