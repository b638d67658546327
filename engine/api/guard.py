"""The server's outer wall: the key, and every error as ``engine.errors`` says."""

from __future__ import annotations

import hmac
import math
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.errors import EngineError, Unauthorized

KEYLESS = ("/health",)


class KeyGuard:
    """Lets pass who says ``Authorization: Bearer KEY``, and everyone to ``/health``."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._expected = f"Bearer {key}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in KEYLESS:
            given = Headers(scope=scope).get("authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                answer = error_answer(Unauthorized("Give the engine's key as 'Authorization: Bearer KEY'."))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


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
