"""What a person sees while a long piece of work goes on, and where it cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import track

from adapters.manifest import AdapterError

Item = TypeVar("Item")


def tracked(items: Sequence[Item], doing: str) -> Iterable[Item]:
    """The items one by one; on a terminal a bar with the time left shows how far it is, and goes when it is done.

    Elsewhere, as in a log, a line says what begins.
    """
    console = Console(stderr=True)
    if items and not console.is_terminal:
        typer.echo(f"{doing}: {len(items)}", err=True)
    return track(items, doing, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def refusals() -> Iterator[None]:
    """What cannot be done, and what the disk refuses, is said in a line; the command ends with 1."""
    try:
        yield
    except (AdapterError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
