"""The value of one option: from text or from what a platform already typed, checked against the command table."""

from __future__ import annotations

import re
import unicodedata

from bot.commands.suggest import nearest
from bot.commands.table import SIZES, Option
from bot.errors import Refused
from engine.protocol import SAMPLERS

Value = str | int | float
INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:[.,][0-9]{1,20})?")
OTHER_NAMES = {
    **{label.casefold(): name for name, label in SAMPLERS.items()},
    **{pixels: name for name, pixels in SIZES.items()},
    **{"persegi": "square", "tegak": "portrait", "potret": "portrait", "mendatar": "landscape", "lanskap": "landscape"},
    "lebar": "wide",
}
"""Choices by another name: the sampler's name that other software shows, the size in pixels or in Indonesian."""


def coerce(option: Option, value: object) -> Value:
    """The value of ``option``; raises ``bot.errors.Refused`` where it is none."""
    if option.kind == "text":
        return _text(option, value)
    if option.kind == "choice":
        return _choice(option, value)
    number = _integer(option, value) if option.kind == "integer" else _number(option, value)
    assert option.minimum is not None
    assert option.maximum is not None
    if not option.minimum <= number <= option.maximum:
        raise Refused(
            "out-of-range",
            option=option.name,
            value=number,
            minimum=_plain(option.minimum),
            maximum=_plain(option.maximum),
        )
    return number


def _text(option: Option, value: object) -> str:
    text = " ".join(printable(str(value)).split())
    if option.maximum is not None and len(text) > option.maximum:
        raise Refused("too-long", option=option.name, length=len(text), maximum=int(option.maximum))
    return text


def _choice(option: Option, value: object) -> str:
    name = str(value).strip().casefold()
    name = name if name in option.choices else OTHER_NAMES.get(name, name)
    if name in option.choices:
        return name
    close = nearest(name, option.choices)
    raise Refused("unknown-choice", option=option.name, value=str(value), valid=option.choices, suggestion=close)


def _integer(option: Option, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not INTEGER.fullmatch(str(value)):
        raise Refused("not-an-integer", option=option.name, value=str(value))
    return int(str(value))


def _number(option: Option, value: object) -> float:
    """A decimal point or, as Indonesians write, a decimal comma."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not NUMBER.fullmatch(str(value)):
        raise Refused("not-a-number", option=option.name, value=str(value))
    return float(str(value).replace(",", "."))


def _plain(bound: float) -> int | float:
    return int(bound) if bound == int(bound) else bound


def printable(text: str) -> str:
    """Control characters and halves of surrogate pairs become spaces: nobody draws them, and not all can be stored."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in text)
