"""Reading JSON bodies: every way in which one can be wrong gets an answer that names the field and what is valid."""

from __future__ import annotations

import asyncio
import json
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from engine.api.guard import RequestRefused
from engine.errors import BadRequest

BODY_MAX = 1 << 20
"""Bytes of a JSON body."""
BODY_SECONDS = 30.0
"""How long a body may take to come."""
Message = TypeVar("Message", bound=BaseModel)


async def read_json(request: Request, kind: type[Message]) -> Message:
    """The body as a ``kind``.

    :raises BadRequest, RequestRefused: naming the field and what is valid.
    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != "application/json":
        raise RequestRefused(415, "The body must be JSON, sent with 'Content-Type: application/json'.")
    return parse(await read_body(request), kind)


async def read_body(request: Request) -> bytes:
    """:raises RequestRefused: if the body is longer than ``BODY_MAX`` or takes longer than ``BODY_SECONDS``."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_MAX:
                    raise RequestRefused(413, f"The body must not be longer than {BODY_MAX} bytes.")
    except TimeoutError:
        raise RequestRefused(408, f"The body must come within {BODY_SECONDS:g} seconds.") from None
    return bytes(body)


def parse(body: bytes, kind: type[Message]) -> Message:
    """``body`` as a ``kind``; strict: no text where a number belongs, no NaN, no infinity."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise BadRequest("The body must be UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body must be valid JSON: {str(error)[:200]}.") from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise explain(error) from None


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def explain(error: ValidationError) -> BadRequest:
    """The first fault, in the request's own terms."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or None
    more = error.error_count() - 1
    message = f"{place or 'The body'}: {fault['msg']}" + (f" (and {more} more)" if more else "") + "."
    return BadRequest(message, param=place)
