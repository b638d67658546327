"""The gateway: HELLO, IDENTIFY, READY, GUILD_CREATE, heartbeats, RESUME, zlib-stream compression."""

from __future__ import annotations

import json
import time
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_server.state import State
from tests.discord_server.world import APPLICATION_ID, BOT, GUILD_ID, Json, guild_payload

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
PRESENCE, VOICE_STATE, REQUEST_MEMBERS = 3, 4, 8
MESSAGE_CONTENT, GUILDS = 1 << 15, 1 << 0
EVENTS_A_MINUTE = 120
INTERVAL_MS = 41_250


class Closed(Exception):
    """The connection ends with this code."""


@dataclass
class Session:
    """What survives a broken connection: the events sent so far, for RESUME."""

    id: str
    intents: int
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None

    async def dispatch(self, name: str, data: Json) -> None:
        event = {"op": DISPATCH, "t": name, "s": len(self.events) + 1, "d": data}
        self.events.append(event)
        if self.connection:
            await self.connection.send(event)


class Connection:
    """One websocket, with its own compression context."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self._zlib = zlib.compressobj()
        self._received: deque[float] = deque(maxlen=EVENTS_A_MINUTE)

    async def send(self, payload: Json) -> None:
        data = self._zlib.compress(json.dumps(payload).encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        if not self.socket.closed:
            await self.socket.send_bytes(data)

    def received(self, text: str) -> Json:
        now = time.monotonic()
        if len(self._received) == EVENTS_A_MINUTE and now - self._received[0] < 60:
            raise Closed(4008)
        self._received.append(now)
        try:
            payload = json.loads(text)
        except ValueError:
            raise Closed(4002) from None
        if not isinstance(payload, dict) or not {"op", "d"} <= set(payload):
            raise Closed(4002)
        return payload


class Gateway:
    """``sessions`` by id; the driver dispatches through them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.sessions: dict[str, Session] = {}
        self.resumed = 0
        self.identified = 0

    async def dispatch(self, name: str, data: Json) -> None:
        """To the newest session, at once or when it resumes."""
        assert self.sessions, "no bot has connected"
        await list(self.sessions.values())[-1].dispatch(name, data)

    async def ask_to_reconnect(self) -> None:
        """Op 7, as Discord sends it before it restarts a server."""
        for session in self.sessions.values():
            if session.connection:
                await session.connection.send({"op": RECONNECT, "d": None})

    async def disconnect(self, code: int) -> None:
        """Ends every connection with this code."""
        for session in self.sessions.values():
            if session.connection:
                await session.connection.socket.close(code=code)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = Connection(socket)
        query = dict(request.query)
        if query != {"v": "10", "encoding": "json", "compress": "zlib-stream"}:
            self._state.violations.append(f"gateway query {query}")
        await connection.send({"op": HELLO, "d": {"heartbeat_interval": INTERVAL_MS}})
        session: Session | None = None
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    session = await self._receive(connection, session, connection.received(frame.data))
        except Closed as closed:
            self._state.violations.append(f"gateway closed with {closed}")
            await socket.close(code=closed.args[0])
        finally:
            if session and session.connection is connection:
                session.connection = None
        return socket

    async def _receive(self, connection: Connection, session: Session | None, payload: Json) -> Session | None:
        operation, data = payload["op"], payload["d"]
        if operation == HEARTBEAT:
            await connection.send({"op": ACK, "d": None})
        elif operation in {IDENTIFY, RESUME}:
            if session:
                raise Closed(4005)
            if data.get("token") != self._state.token:
                raise Closed(4004)
            start = self._identify if operation == IDENTIFY else self._resume
            session = await start(connection, data)
            self._state.changes.notify()
        elif session is None:
            raise Closed(4003)
        elif operation not in {PRESENCE, VOICE_STATE, REQUEST_MEMBERS}:
            raise Closed(4001)
        return session

    async def _identify(self, connection: Connection, data: dict[str, Any]) -> Session:
        if not {"token", "properties", "intents"} <= set(data) or not isinstance(data["intents"], int):
            raise Closed(4002)
        if data["intents"] & MESSAGE_CONTENT:
            raise Closed(4014)
        self.identified += 1
        session = Session(f"session-{self.identified}", data["intents"], connection=connection)
        self.sessions[session.id] = session
        ready = {
            "v": 10, "user": BOT.user() | {"bot": True}, "guilds": [{"id": str(GUILD_ID), "unavailable": True}],
            "session_id": session.id, "resume_gateway_url": self._state.gateway, "shard": data.get("shard", [0, 1]),
            "application": {"id": str(APPLICATION_ID), "flags": 0},
        }  # fmt: skip
        await session.dispatch("READY", ready)
        if session.intents & GUILDS:
            await session.dispatch("GUILD_CREATE", guild_payload())
        return session

    async def _resume(self, connection: Connection, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None or not 0 <= data["seq"] <= len(session.events):
            await connection.send({"op": INVALID, "d": False})
            return None
        session.connection = connection
        for event in session.events[data["seq"] :]:
            await connection.send(event)
        self.resumed += 1
        await session.dispatch("RESUMED", {})
        return session
