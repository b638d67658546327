"""The REST side: the routes that a bot like ours needs, each as strict as Discord's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.discord_server import interactions
from tests.discord_server.faults import Wrong, json_response
from tests.discord_server.state import STATE, Request, State, body_of, write
from tests.discord_server.validate import message as check_message
from tests.discord_server.validate_commands import commands as check_commands
from tests.discord_server.world import APPLICATION_ID, BOT, Json, Message, Place, snowflake

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
MISTAKES = {10062, 40060, 50006, 50035}
"""Errors that a correct bot never meets."""


@web.middleware
async def strict(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Injected faults, authorisation, errors as Discord words them, and the log of requests."""
    state = request.app[STATE]
    body = {} if request.content_type.startswith("multipart/") else json.loads(await request.read() or b"{}")
    fault = next((f for f in state.faults if f.matches(request.method, request.path)), None)
    try:
        if fault and not fault.after:
            response: web.StreamResponse = fault.response()
        else:
            authorise(request, state)
            response = await handler(request)
            response = fault.response() if fault else response
    except Wrong as wrong:
        if wrong.code in MISTAKES:
            state.violations.append(f"{request.method} {request.path}: {wrong}")
        response = wrong.response()
    at = asyncio.get_running_loop().time()
    state.requests.append(Request(request.method, request.path, response.status, at, body if body else {}))
    state.changes.notify()
    return response


def authorise(request: web.Request, state: State) -> None:
    """The token of an interaction stands for itself; everything else needs the bot's."""
    open_to_all = "/webhooks/" in request.path or request.path.endswith("/callback")
    if not open_to_all and request.headers.get("Authorization") != f"Bot {state.token}":
        raise Wrong(401, 0)


def api(state: State) -> web.Application:
    app = web.Application(middlewares=[strict], client_max_size=64 * 1024 * 1024)
    app[STATE] = state
    app.router.add_get("/v10/users/@me", me)
    app.router.add_get("/v10/oauth2/applications/@me", application)
    app.router.add_get("/v10/gateway/bot", gateway_bot)
    app.router.add_get("/v10/applications/{app}/commands", get_commands)
    app.router.add_put("/v10/applications/{app}/commands", put_commands)
    app.router.add_post("/v10/users/@me/channels", open_dm)
    app.router.add_post("/v10/channels/{channel}/messages", create_message)
    app.router.add_get("/v10/channels/{channel}/messages", get_messages)
    app.router.add_get("/v10/channels/{channel}/messages/{message}", get_message)
    app.router.add_patch("/v10/channels/{channel}/messages/{message}", edit_message)
    app.router.add_delete("/v10/channels/{channel}/messages/{message}", delete_message)
    interactions.add_routes(app)
    return app


async def me(request: web.Request) -> web.Response:
    return json_response(BOT.user() | {"bot": True, "verified": True, "mfa_enabled": True, "locale": "en-US"})


async def application(request: web.Request) -> web.Response:
    return json_response({
        "id": str(APPLICATION_ID), "name": "sanggar", "icon": None, "description": "", "rpc_origins": [],
        "bot_public": True, "bot_require_code_grant": False, "owner": BOT.user(), "verify_key": "0" * 64,
        "team": None, "flags": 0, "summary": "", "interactions_endpoint_url": None, "type": None,
        "flags_new": "0", "redirect_uris": [], "role_connections_verification_url": None,
        "approximate_guild_count": 1, "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "eligible_oauth2_scopes": [], "explicit_content_filter": 0,
    })  # fmt: skip


async def gateway_bot(request: web.Request) -> web.Response:
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return json_response({"url": request.app[STATE].gateway, "shards": 1, "session_start_limit": limit})


async def get_commands(request: web.Request) -> web.Response:
    """Without ``with_localizations`` the translations are left out, as Discord does."""
    hidden = () if request.query.get("with_localizations", "").lower() in {"true", "1"} else ("_localizations",)
    stored = [
        {key: value for key, value in command.items() if not key.endswith(hidden or ("\0",))}
        for command in request.app[STATE].commands
    ]
    return json_response(stored)


async def put_commands(request: web.Request) -> web.Response:
    bodies = (await body_of(request)).data
    check_commands(bodies)
    common = {"application_id": str(APPLICATION_ID), "version": str(snowflake()), "default_permission": True}
    stored: list[Json] = [{**common, "id": str(snowflake()), **body} for body in bodies]
    for command in stored:
        permissions = command.get("default_member_permissions")
        command["default_member_permissions"] = None if permissions is None else str(permissions)
    request.app[STATE].commands = stored
    return json_response(stored)


async def open_dm(request: web.Request) -> web.Response:
    state, user = request.app[STATE], int((await body_of(request)).data["recipient_id"])
    place = state.places.setdefault(user + 1, Place(user + 1, None))
    return json_response(place.channel_payload())


def place_of(request: web.Request) -> Place:
    place = request.app[STATE].places.get(int(request.match_info["channel"]))
    if place is None:
        raise Wrong(404, 10003)
    if not place.installed:
        raise Wrong(403, 50001)
    return place


def message_of(request: web.Request) -> Message:
    place_of(request)
    message = request.app[STATE].present(int(request.match_info["message"]))
    if message is None or message.ephemeral:
        raise Wrong(404, 10008)
    return message


async def create_message(request: web.Request) -> web.Response:
    place, body = place_of(request), await body_of(request)
    check_message(body.data, body.files, creates=True)
    return json_response(request.app[STATE].post(place, body).payload())


async def get_messages(request: web.Request) -> web.Response:
    """The newest first."""
    place, limit = place_of(request), int(request.query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise Wrong(400, 50035, "limit")
    found = [m for m in request.app[STATE].messages.values() if m.place == place and not m.deleted and not m.ephemeral]
    newest = sorted(found, key=lambda message: message.id, reverse=True)
    return json_response([message.payload() for message in newest[:limit]])


async def get_message(request: web.Request) -> web.Response:
    return json_response(message_of(request).payload())


async def edit_message(request: web.Request) -> web.Response:
    message, body = message_of(request), await body_of(request)
    check_message(body.data, body.files, creates=False)
    write(message, body)
    message.edits += 1
    return json_response(message.payload())


async def delete_message(request: web.Request) -> web.Response:
    message_of(request).deleted = True
    return web.Response(status=204)
