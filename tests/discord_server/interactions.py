"""Interactions over REST: one answer within three seconds, then edits and follow-ups while the token lives."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.discord_server.faults import Wrong, json_response
from tests.discord_server.state import DEADLINE, STATE, Interaction, State, body_of, write
from tests.discord_server.uploads import Body
from tests.discord_server.validate import MESSAGE_KEYS
from tests.discord_server.validate import callback as check_callback
from tests.discord_server.validate import message as check_message
from tests.discord_server.world import EPHEMERAL, LOADING, Json, Message

FOLLOWUPS_ELSEWHERE = 5
"""Follow-ups where the app is only user-installed."""


def add_routes(app: web.Application) -> None:
    app.router.add_post("/v10/interactions/{id}/{token}/callback", callback)
    app.router.add_post("/v10/webhooks/{app}/{token}", follow_up)
    app.router.add_get("/v10/webhooks/{app}/{token}/messages/{message}", get_message)
    app.router.add_patch("/v10/webhooks/{app}/{token}/messages/{message}", edit_message)
    app.router.add_delete("/v10/webhooks/{app}/{token}/messages/{message}", delete_message)


def state_of(request: web.Request) -> State:
    return request.app[STATE]


async def callback(request: web.Request) -> web.Response:
    state, body = state_of(request), await body_of(request)
    interaction = state.interactions.get(request.match_info["token"])
    if interaction is None or str(interaction.id) != request.match_info["id"]:
        raise Wrong(404, 10062)
    if interaction.response is not None:
        raise Wrong(400, 40060)
    if asyncio.get_running_loop().time() - interaction.born > DEADLINE:
        raise Wrong(404, 10062)
    check_callback(interaction.kind, body.data, body.files)
    interaction.response = body.data
    message = answer(state, interaction, body)
    return (
        json_response(resource(interaction, message, named=state.names_answers))
        if "with_response" in request.query
        else web.Response(status=204)
    )


def answer(state: State, interaction: Interaction, body: Body) -> Message | None:
    """The message that a callback makes, or the one that it will edit."""
    kind, data = body.data["type"], body.data.get("data") or {}
    if kind == 8:
        return None
    if kind in {6, 7}:
        interaction.original = interaction.source
        if kind == 7 and interaction.source:
            write(interaction.source, Body(data, body.files))
        return interaction.source
    flags = (data.get("flags") or 0) & EPHEMERAL | (LOADING if kind == 5 else 0)
    interaction.original = state.post(interaction.place, Body(data, body.files), flags)
    return interaction.original


def resource(interaction: Interaction, message: Message | None, *, named: bool) -> Json:
    found: Json = {"id": str(interaction.id), "type": interaction.kind, "activity_instance_id": None}
    if message and named:
        found |= {
            "response_message_id": str(message.id),
            "response_message_loading": message.loading,
            "response_message_ephemeral": message.ephemeral,
        }
    kind = (interaction.response or {})["type"]
    if message is None or kind not in {4, 7}:
        return {"interaction": found}
    return {"interaction": found, "resource": {"type": kind, "message": message.payload()}}


def living(request: web.Request) -> Interaction:
    """The interaction of the token; 401 once it is older than 15 minutes, 404 before it was answered."""
    interaction = state_of(request).interactions.get(request.match_info["token"])
    if interaction is None or interaction.expired:
        raise Wrong(401, 50027)
    if interaction.response is None:
        raise Wrong(404, 10015)
    return interaction


def message_of(request: web.Request) -> Message:
    interaction, name = living(request), request.match_info["message"]
    mine = [m for m in (interaction.original, *interaction.followups) if m is not None]
    message = interaction.original if name == "@original" else next((m for m in mine if str(m.id) == name), None)
    if message is None or message.deleted:
        raise Wrong(404, 10008)
    return message


async def follow_up(request: web.Request) -> web.Response:
    """The first follow-up to a deferred answer becomes that answer, with its visibility."""
    interaction, body = living(request), await body_of(request)
    check_message(body.data, body.files, creates=True, keys=MESSAGE_KEYS)
    original = interaction.original
    if original and original.loading and not original.deleted:
        write(original, Body(body.data | {"flags": 0}, body.files))
        original.flags &= ~LOADING
        return json_response(original.payload())
    if not interaction.place.installed and len(interaction.followups) >= FOLLOWUPS_ELSEWHERE:
        raise Wrong(400, 40094)
    message = state_of(request).post(interaction.place, body)
    interaction.followups.append(message)
    return json_response(message.payload())


async def get_message(request: web.Request) -> web.Response:
    return json_response(message_of(request).payload())


async def edit_message(request: web.Request) -> web.Response:
    message, body = message_of(request), await body_of(request)
    check_message(body.data, body.files, creates=False, keys=MESSAGE_KEYS)
    write(message, body)
    message.flags &= ~LOADING
    message.edits += 1
    return json_response(message.payload())


async def delete_message(request: web.Request) -> web.Response:
    message_of(request).deleted = True
    return web.Response(status=204)
