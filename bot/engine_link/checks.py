"""What the engine sends is checked before anyone relies on it: it may be another version, or a proxy's invention."""

from __future__ import annotations

import base64
import io
import logging
import math
from typing import Annotated, Any

from PIL import Image
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from engine.errors import EngineError
from engine.protocol import (
    SEED_MAX,
    SIDE,
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    PartialImageEvent,
    ProgressEvent,
)

StreamEvent = PartialImageEvent | CompletedEvent | ProgressEvent
EVENT: TypeAdapter[StreamEvent] = TypeAdapter(Annotated[StreamEvent, Field(discriminator="type")])
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"\x00\x00\x00\x00IEND\xaeB`\x82"
"""The first and the last bytes of every PNG."""
ETA_MAX = 86_400.0
"""Seconds beyond which an expectation is no use to a member."""

log = logging.getLogger(__name__)


class _Entries(BaseModel):
    """A list of adapters, its entries not yet looked at."""

    data: list[Any]


def png(text: str) -> bytes:
    """The PNG in base 64, decoded to its last row. Raises EngineError if it is not a whole picture.

    Takes some milliseconds for a usual picture: call it in a thread.
    """
    try:
        content = base64.b64decode(text, validate=True)
        if not (content.startswith(SIGNATURE) and content.endswith(END)):
            raise ValueError("not a whole PNG")
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if max(image.size) > SIDE[1]:
                raise ValueError(f"{image.size} pixels")
            image.load()
    except Exception as error:  # Pillow has no error of its own for a broken file
        raise EngineError(f"a picture that cannot be used: {error}") from None
    return content


def event(text: str) -> StreamEvent:
    """An event of a drawing. Raises EngineError if nobody knows it, or if a picture lacks what it is told by."""
    try:
        content = EVENT.validate_json(text)
    except ValidationError as error:
        raise EngineError(f"an event that we do not know: {_first(error)}") from None
    if isinstance(content, ProgressEvent):
        return _plausible(content)
    if isinstance(content, CompletedEvent) and not 0 <= content.seed <= SEED_MAX:
        raise EngineError("a picture with a seed that is none")
    return content


def adapters(content: bytes) -> AdapterList:
    """The adapters that can be read; one that cannot takes none of the others away. Raises EngineError."""
    try:
        entries = _Entries.model_validate_json(content).data
    except ValidationError as error:
        raise EngineError(f"a list of adapters that is none: {_first(error)}") from None
    readable = []
    for entry in entries:
        try:
            readable.append(AdapterInfo.model_validate(entry))
        except ValidationError as error:
            log.debug("an adapter of the engine is left out: %s", _first(error))
    return AdapterList(data=readable)


def _plausible(content: ProgressEvent) -> ProgressEvent:
    """Numbers that a member can be told: none below nothing, no step beyond the last, no expectation beyond a day."""
    steps, eta = max(0, content.steps), content.eta_seconds
    if eta is not None and not (math.isfinite(eta) and 0 <= eta <= ETA_MAX):
        eta = None
    changes = {"position": max(0, content.position), "steps": steps, "step": min(max(0, content.step), steps)}
    return content.model_copy(update={**changes, "eta_seconds": eta})


def _first(error: ValidationError) -> str:
    """The first fault, without the value that was sent: it may be megabytes."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"[:200]
