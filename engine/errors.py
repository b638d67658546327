"""What can go wrong between a request and its picture.

::

    EngineError                 status  code
    ├── BadRequest                 400  invalid_value       a field is wrong: ``param`` names it
    ├── Unauthorized               401  invalid_api_key
    ├── NotFound                   404  not_found           no such model, adapter, request or path
    ├── RequestCancelled           409  cancelled           somebody cancelled the request by its id
    ├── AdapterRefused             422  adapter_refused     the adapter cannot be applied to this model, and why
    ├── QueueFull                  429  queue_full          ``retry_after`` seconds
    ├── DrawingFailed              500  drawing_failed      the model gave no usable picture
    ├── ShuttingDown               503  shutting_down       ``retry_after`` seconds
    └── Unreachable                  -  unreachable         raised by the client alone: no answer from the engine

Every error travels as ``{"error": {"message", "type", "param", "code", "retry_after"}}``, the shape of the OpenAI API.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

RETRY_AFTER_MAX = 60.0
"""Seconds after which somebody who was sent away asks again at the latest."""
MESSAGE_MAX = 1000
"""Characters of an error's message that are believed."""


class EngineError(Exception):
    """The root. ``message`` is for operators and programs, in English; a bot finds its own words by ``code``."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "engine_error"

    def __init__(self, message: str, *, param: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after = retry_after

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        if self.retry_after is not None:
            error["retry_after"] = self.retry_after  # type: ignore[assignment]
        return {"error": error}


class BadRequest(EngineError):
    status = 400
    code = "invalid_value"


class Unauthorized(EngineError):
    status = 401
    code = "invalid_api_key"


class NotFound(EngineError):
    status = 404
    code = "not_found"


class RequestCancelled(EngineError):
    status = 409
    code = "cancelled"


class AdapterRefused(EngineError):
    status = 422
    code = "adapter_refused"


class QueueFull(EngineError):
    status = 429
    code = "queue_full"


class DrawingFailed(EngineError):
    code = "drawing_failed"


class ShuttingDown(EngineError):
    status = 503
    code = "shutting_down"


class Unreachable(EngineError):
    code = "unreachable"


def from_body(body: Any) -> EngineError:
    """The error that ``body`` describes; an unknown code becomes a plain ``EngineError``. Raises ValueError if it is no
    error of ours.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        raise ValueError("no error in the engine's shape")
    kinds = {kind.code: kind for kind in EngineError.__subclasses__()}
    kind = kinds.get(str(error.get("code")), EngineError)
    param, seconds = error.get("param"), error.get("retry_after")
    return kind(
        str(error.get("message", ""))[:MESSAGE_MAX],
        param=param if isinstance(param, str) else None,
        retry_after=seconds_to_wait(seconds) if isinstance(seconds, int | float) else None,
    )


def seconds_to_wait(seconds: float) -> float | None:
    """``seconds`` that another process asks us to wait, if that can be done; never beyond ``RETRY_AFTER_MAX``."""
    return float(min(seconds, RETRY_AFTER_MAX)) if 0 < seconds < math.inf else None
