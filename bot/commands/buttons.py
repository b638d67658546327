"""The buttons under a job's message, the same on every platform. They carry its id, so that they outlive a restart."""

from __future__ import annotations

from enum import StrEnum


class Button(StrEnum):
    """What a press asks for. The value stands in the platform's data of the button: messages of years hold it."""

    AGAIN = "again"
    FILE = "file"
    DELETE = "delete"
    CANCEL = "cancel"


WHILE_DRAWING: tuple[Button, ...] = (Button.CANCEL,)
WHEN_DELIVERED: tuple[Button, ...] = (Button.AGAIN, Button.FILE, Button.DELETE)
WHEN_FAILED: tuple[Button, ...] = (Button.AGAIN, Button.DELETE)
"""Which buttons a message has, by what became of its job."""
