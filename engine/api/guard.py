"""The server's outer wall: the key, or else the machine; and every error as ``engine.errors`` says."""

from __future__ import annotations

import asyncio
import hmac
import logging
import math
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.api.connections import COMPLAINT_SECONDS
from engine.errors import EngineError, Unauthorized
from engine.settings import is_loopback

KEYLESS = ("/health",)
WRONG_KEY_SECONDS, WRONG_KEY_SECONDS_MAX = 0.1, 5.0
"""Seconds between the answers to two wrong keys, and the most that one waits."""

log = logging.getLogger(__name__)


class KeyGuard:
    """Lets pass who says ``Authorization: Bearer KEY``, and everyone to ``/health``.

    A wrong key is answered late, the later the more of them come, and is written down once in a while.
    refused: is told the error that is answered.
    """

    def __init__(self, app: ASGIApp, key: str, refused: Callable[[EngineError], None]) -> None:
        self._app = app
        self._key = key.encode()
        self._refused = refused
        self._answered_at = 0.0
        """When the last wrong key that has come so far is answered."""
        self._unsaid = 0
        """Wrong keys since the last line about them."""
        self._silent_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in KEYLESS and not self._fits(Headers(scope=scope)):
            self._complain(scope)
            await asyncio.sleep(self._delay())
            error = Unauthorized("Give the engine's key as 'Authorization: Bearer KEY'.")
            self._refused(error)
            await error_answer(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _fits(self, headers: Headers) -> bool:
        """Whether the key is the right one; the scheme is written in any case (RFC 9110, 11.1)."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(key.strip().encode(), self._key)

    def _delay(self) -> float:
        """Seconds until this wrong key is answered: they take turns, up to a bound, so that none holds a place long."""
        now = time.monotonic()
        self._answered_at = min(max(now, self._answered_at) + WRONG_KEY_SECONDS, now + WRONG_KEY_SECONDS_MAX)
        return self._answered_at - now

    def _complain(self, scope: Scope) -> None:
        self._unsaid += 1
        if time.monotonic() >= self._silent_until:
            self._silent_until = time.monotonic() + COMPLAINT_SECONDS
            host = (scope.get("client") or ("an unknown address",))[0]
            log.warning("requests refused for a missing or wrong key: %d, the last from %s", self._unsaid, host)
            self._unsaid = 0


class LoopbackGuard:
    """Guards a server without a key: lets pass what was meant for this machine, by its ``Host`` and ``Origin``.

    A page in a browser reaches every port of the machine that the browser runs on: by a request across sites
    (``Origin`` tells), or under a name of its own that is made to point here (DNS rebinding; ``Host`` tells).
    """

    def __init__(self, app: ASGIApp, refused: Callable[[EngineError], None]) -> None:
        self._app, self._refused = app, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origins = headers.getlist("origin")
            if not (_here(f"//{headers.get('host', '')}") and all(_here(origin) for origin in origins)):
                error = RequestRefused(
                    403, "Without a key this engine answers this machine alone: set SANGGAR_ENGINE_KEY."
                )
                self._refused(error)
                await error_answer(error, error.http_status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _here(address: str) -> bool:
    """Whether an address or an origin names this machine."""
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False


def error_answer(error: EngineError, status: int | None = None) -> JSONResponse:
    """The answer that tells of ``error``."""
    answer = JSONResponse(error.body(), status or error.status)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


class RequestRefused(EngineError):
    """The HTTP request itself is wrong, whatever it asks for."""

    code = "invalid_request"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.http_status = status

    def body(self) -> dict[str, object]:
        error = {"message": self.message, "type": "invalid_request_error", "param": None, "code": self.code}
        return {"error": error}


async def on_engine_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    request.app.state.refused(error)
    return error_answer(error, getattr(error, "http_status", None))


async def on_http_error(request: Request, error: Exception) -> Response:
    """Unknown paths and methods, in our shape."""
    assert isinstance(error, HTTPException)
    code = "not_found" if error.status_code == HTTPStatus.NOT_FOUND else RequestRefused.code
    words = {404: "There is no such path.", 405: f"This path does not answer {request.method}."}
    refused = RequestRefused(error.status_code, words.get(error.status_code, str(error.detail)))
    body = refused.body()
    body["error"]["code"] = code  # type: ignore[index]
    return JSONResponse(body, error.status_code, headers=error.headers)


async def on_bug(request: Request, error: Exception) -> Response:
    """What we did not foresee; the log has the traceback, the answer nothing of it."""
    return error_answer(EngineError("The engine made a mistake; its log says more."))
