"""The local Discord, and what a member does in it: type a command, press a button."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from tests.discord_server import validate_commands
from tests.discord_server.faults import Fault
from tests.discord_server.gateway import Gateway
from tests.discord_server.rest import api
from tests.discord_server.state import STATE, Interaction, State
from tests.discord_server.world import (
    APPLICATION_ID,
    GUILD,
    MEMBER,
    Json,
    Message,
    Person,
    Place,
    snowflake,
)

COMMAND, BUTTON, AUTOCOMPLETE = 2, 3, 4


@dataclass(frozen=True)
class Typed:
    """Who types or presses, where, in which language."""

    by: Person = MEMBER
    at: Place = GUILD
    locale: str = "en-US"


AS_MEMBER = Typed()


class LocalDiscord:
    """``async with LocalDiscord() as discord`` listens on a free port; ``api`` and ``gateway`` say where."""

    def __init__(self) -> None:
        self.state = State()

    async def __aenter__(self) -> LocalDiscord:
        root = web.Application()
        root[STATE] = self.state
        root.add_subapp("/api", api(self.state))
        self._runner = web.AppRunner(root, access_log=None, shutdown_timeout=1.0)
        self.sockets = Gateway(self.state)
        root.router.add_get("/gateway", self.sockets.handle)
        root.router.add_get("/gateway/", self.sockets.handle)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self.api = f"http://127.0.0.1:{port}/api"
        self.gateway = self.state.gateway = f"ws://127.0.0.1:{port}/gateway"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def fail(
        self, method: str, path: str, status: int, code: int = 0, *, times: int = 1_000_000, **more: bool
    ) -> Fault:
        fault = Fault(method, path, status, code, times, **more)
        self.state.faults.append(fault)
        return fault

    def posted(self, place: Place = GUILD) -> list[Message]:
        """What everybody there can see."""
        messages = self.state.messages.values()
        return [m for m in messages if m.place == place and not m.deleted and not m.ephemeral]

    async def until(self, happened: Callable[[], object]) -> None:
        """Waits for a request after which ``happened()`` is true."""
        await self.state.changes.until(happened)

    async def command(self, path: str, values: Json | None = None, typed: Typed = AS_MEMBER) -> Interaction:
        """``/kancil`` with its options, or a subcommand: ``"adapter list"``."""
        return await self._interact(typed, COMMAND, self._data(path, values or {}))

    async def complete(self, path: str, option: str, values: Json, typed: Typed = AS_MEMBER) -> Interaction:
        """The member is typing ``option`` of the command; ``values`` is what stands there so far."""
        data = self._data(path, values, finished=False)
        entries = data["options"][0]["options"] if " " in path else data["options"]
        next(entry for entry in entries if entry["name"] == option)["focused"] = True
        return await self._interact(typed, AUTOCOMPLETE, data)

    async def press(self, message: Message, custom_id: str, typed: Typed = AS_MEMBER) -> Interaction:
        """A button of a message that is there, with exactly that custom id."""
        assert custom_id in message.buttons(), f"{custom_id} is not among {list(message.buttons())}"
        assert not message.deleted
        return await self._interact(typed, BUTTON, {"custom_id": custom_id, "component_type": 2}, message)

    async def forge(self, message: Message, custom_id: str, typed: Typed = AS_MEMBER) -> Interaction:
        """A press of a button that the message does not have."""
        assert custom_id not in message.buttons()
        return await self._interact(typed, BUTTON, {"custom_id": custom_id, "component_type": 2}, message)

    def _data(self, path: str, values: Json, *, finished: bool = True) -> Json:
        name, _, sub = path.partition(" ")
        command = next(c for c in self.state.commands if c["name"] == name)
        common = {"id": command["id"], "name": name, "type": 1}
        if not sub:
            return common | {"options": validate_commands.typed(command, values, finished=finished)}
        declared = next(entry for entry in command["options"] if entry["name"] == sub)
        options = validate_commands.typed(declared, values, finished=finished)
        return common | {"options": [{"name": sub, "type": 1, "options": options}]}

    async def _interact(self, typed: Typed, kind: int, data: Json, source: Message | None = None) -> Interaction:
        born = asyncio.get_running_loop().time()
        interaction = Interaction(snowflake(), secrets.token_hex(32), kind, typed.by, typed.at, born, source)
        self.state.interactions[interaction.token] = interaction
        payload = typed.at.context(typed.by) | {
            "id": str(interaction.id),
            "application_id": str(APPLICATION_ID),
            "type": kind,
            "token": interaction.token,
            "version": 1,
            "locale": typed.locale,
            "data": data,
        }
        if source:
            payload["message"] = source.payload()
        await self.sockets.dispatch("INTERACTION_CREATE", payload)
        return interaction
