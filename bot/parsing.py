"""What a member typed, as a command and its options. Telegram and the console send text; Discord sends options.

``/kancil a clever mouse-deer by the river --seed 777 --cfg 7.5``
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.request import DrawRequest

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Invocation:
    """A command that was typed.

    path: ("kancil",) or ("adapter", "use"). options: by name, typed and within their ranges.
    mention: NAME of ``/kancil@NAME``, or empty; a frontend ignores commands for another bot.
    """

    path: tuple[str, ...]
    options: dict[str, Value]
    mention: str = ""


def parse(text: str) -> Invocation:
    """The command in ``text``; raises ``bot.errors.Refused``."""
    raise NotImplementedError


def draw_request(style: str, options: Mapping[str, object]) -> DrawRequest:
    """The request for ``/style`` with these options, names and values of the command table.

    Shared by all frontends. Values may be text or already typed; None is the same as left out.
    Raises ``bot.errors.Refused`` for what is missing, unknown or out of range.
    """
    raise NotImplementedError
