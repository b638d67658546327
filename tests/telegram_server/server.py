"""The socket: requests in, answers out, long polling, and faults on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from tests.telegram_server import rules
from tests.telegram_server.people import People
from tests.telegram_server.world import ApiError, Json

T = TypeVar("T")
TOKEN = "4242:a-token-of-the-right-length-for-a-test"


@dataclass
class Call:
    """A request that arrived. ``error`` is what it was refused with."""

    method: str
    given: Json
    error: str = ""


@dataclass
class Fault:
    """``times`` answers to ``method`` (in ``chat``) that go wrong; ``status`` 0 cuts the connection.

    after: whether the request takes effect before its answer is lost.
    """

    method: str
    status: int
    description: str = ""
    parameters: dict[str, int] = field(default_factory=dict)
    times: int = 1
    chat: int | None = None
    after: bool = False


class TelegramServer(People):
    """One bot's Bot API. Use as an async context manager; ``url`` is its address."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.offset = 0
        """Updates below this were confirmed by the bot."""
        self._faults: list[Fault] = []
        self._poll = 0
        app = web.Application(client_max_size=rules.DOCUMENT_BYTES + 2**20)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/files/{file}", self._download)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self.url = ""

    async def __aenter__(self) -> TelegramServer:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._poll += 1
        self.changes.notify()
        await self._runner.cleanup()

    # What a test does.

    def fail(self, method: str, status: int, description: str = "", **more: Any) -> None:
        """From now on; ``more`` are the fields of ``Fault``."""
        self._faults.append(Fault(method, status, description, **more))

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    @property
    def polls(self) -> int:
        """How often updates were asked for."""
        return self._poll

    async def until(self, condition: Callable[[], T | bool | None]) -> T:
        """What ``condition`` returns once that is true; looked at after every request."""
        try:
            return await self.changes.until(condition)
        except AssertionError as error:
            recent = "\n".join(f"{call.method} {call.error}" for call in self.calls[-15:])
            raise AssertionError(f"{error}\nlast calls:\n{recent}") from None

    def called(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    # What the socket does.

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call = Call(request.match_info["method"], {})
        try:
            call.given = await self._given(request)
            result = await self._answer(call)
            answer = web.json_response({"ok": True, "result": result})
        except ApiError as error:
            call.error = error.description
            body: Json = {"ok": False, "error_code": error.status, "description": error.description}
            body |= {"parameters": error.parameters} if error.parameters else {}
            answer = web.json_response(body, status=error.status or 500)
            if error.status == 0 and request.transport is not None:
                request.transport.close()
        if call.method != "getUpdates":
            self.calls.append(call)
        self.changes.notify()
        return answer

    async def _given(self, request: web.Request) -> Json:
        token, method = request.match_info["token"], request.match_info["method"]
        if ":" not in token:
            raise ApiError("Not Found", 404)
        if token != TOKEN:
            raise ApiError("Unauthorized", 401)
        if method not in rules.METHODS:
            raise ApiError("Not Found", 404)
        fields = {
            name: (part.filename, part.file.read()) if isinstance(part, web.FileField) else part
            for name, part in (await request.post()).items()
        }
        return rules.read(method, fields)

    async def _answer(self, call: Call) -> Any:
        fault = self._fault(call)
        if fault is not None and not fault.after:
            raise ApiError(fault.description, fault.status, **fault.parameters)
        result = await self.get_updates(call.given) if call.method == "getUpdates" else self._do(call)
        if fault is not None:
            raise ApiError(fault.description, fault.status)
        return result

    def _do(self, call: Call) -> Any:
        return self.method(call.method)(call.given)

    def _fault(self, call: Call) -> Fault | None:
        for fault in self._faults:
            if fault.times and fault.method in (call.method, "*") and fault.chat in (None, call.given.get("chat_id")):
                fault.times -= 1
                return fault
        return None

    async def get_updates(self, given: Json) -> list[Json]:
        """Confirms what lies below the offset; waits for news; a second poll ends the first, as on Telegram."""
        if self.webhook:
            raise ApiError("Conflict: can't use getUpdates method while webhook is active", 409)
        self._poll += 1
        mine, deadline = self._poll, asyncio.get_running_loop().time() + given.get("timeout", 0)
        self.offset = max(self.offset, given.get("offset", 0))
        self.changes.notify()
        while True:
            news = [update for update in self.updates if update["update_id"] >= self.offset]
            left = deadline - asyncio.get_running_loop().time()
            if news or left <= 0:
                return news[: given.get("limit", 100)]
            try:
                await asyncio.wait_for(self.changes.wait(), left)
            except TimeoutError:
                continue
            if mine != self._poll:
                raise ApiError("Conflict: terminated by other getUpdates request", 409)

    async def _download(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return web.Response(status=401)
        return web.Response(body=self.files[request.match_info["file"]].content)
