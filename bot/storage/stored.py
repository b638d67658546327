"""Values that were written as JSON, perhaps by another release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

Value = TypeVar("Value")


def revive(kind: type[Value], stored: Mapping[str, Any]) -> Value:
    """The dataclass ``kind`` from its stored fields: unknown ones are left out, missing ones have their defaults.

    Raises TypeError if a field without a default is missing.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in stored.items() if name in known})
