"""Answers that go wrong on demand, and the errors that Discord gives."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from aiohttp import web

MESSAGES = {
    10003: "Unknown Channel",
    10008: "Unknown Message",
    10062: "Unknown interaction",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    50001: "Missing Access",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
}


class Wrong(Exception):
    """A request that Discord refuses. ``details`` says what was wrong with a form (50035)."""

    def __init__(self, status: int, code: int, details: str = "") -> None:
        super().__init__(f"{code} {MESSAGES.get(code, '')} {details}".strip())
        self.status = status
        self.code = code
        self.details = details

    def response(self) -> web.Response:
        body: dict[str, object] = {"message": MESSAGES.get(self.code, "Error"), "code": self.code}
        if self.details:
            body["errors"] = {"_errors": [{"code": "INVALID", "message": self.details}]}
        return json_response(body, self.status)


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Exactly ``application/json``: discord.py takes anything else for text."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"} | (headers or {})
    )


@dataclass
class Fault:
    """Requests of this method whose path contains a match of ``path`` get this answer instead, ``times`` times.

    after: the request is carried out first, then answered wrongly (a connection that broke on the way back).
    """

    method: str
    path: str
    status: int
    code: int = 0
    times: int = 1_000_000
    retry_after: float = 0.05
    after: bool = False
    hits: int = 0

    def matches(self, method: str, path: str) -> bool:
        return self.hits < self.times and method == self.method and re.search(self.path, path) is not None

    def response(self) -> web.Response:
        self.hits += 1
        if self.status == 429:
            body = {"message": "You are being rate limited.", "retry_after": self.retry_after, "global": False}
            headers = {"Via": "1.1 local", "Retry-After": "1", "X-RateLimit-Scope": "user"}
            return json_response(body, 429, headers)
        return Wrong(self.status, self.code).response()
