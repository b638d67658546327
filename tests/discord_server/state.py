"""The memory of the local Discord: who may ask, what was asked, what was posted."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web

from tests.discord_server.faults import Fault, Wrong
from tests.discord_server.uploads import Body, read_body
from tests.discord_server.world import (
    DM,
    ELSEWHERE,
    GUILD,
    UPLOAD_LIMIT,
    Attachment,
    Json,
    Message,
    Person,
    Place,
    snowflake,
)
from tests.kit.eventually import Changes

TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.local.token"
DEADLINE = 3.0
"""Seconds for the first answer to an interaction."""


@dataclass
class Interaction:
    """kind: 2 command, 3 button, 4 autocompletion. response: the callback. original: the message it made or edits."""

    id: int
    token: str
    kind: int
    person: Person
    place: Place
    born: float
    source: Message | None = None
    response: Json | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    expired: bool = False

    @property
    def messages(self) -> list[Message]:
        """What the member sees of the answer."""
        made = [self.original] if self.original and self.original is not self.source else []
        return [message for message in [*made, *self.followups] if not message.deleted]


@dataclass
class Request:
    method: str
    path: str
    status: int
    at: float
    body: Json


class State:
    """``violations`` must be empty at the end of a test: requests that the real Discord would refuse as malformed."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.gateway = ""
        self.upload_limit = UPLOAD_LIMIT
        self.names_answers = True
        """Whether the answer to a callback has the id of the message, which Discord need not tell."""
        self.commands: list[Json] = []
        self.interactions: dict[str, Interaction] = {}
        self.messages: dict[int, Message] = {}
        self.places: dict[int, Place] = {place.channel: place for place in (GUILD, DM, ELSEWHERE)}
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.violations: list[str] = []
        self.changes = Changes()
        """Notified after every request."""

    def count(self, method: str, path: str, status: int = 200) -> int:
        return sum(r.method == method and path in r.path and r.status == status for r in self.requests)

    def post(self, place: Place, body: Body, flags: int = 0) -> Message:
        """A new message; the same one again where ``enforce_nonce`` recognises it."""
        nonce = str(body.data["nonce"]) if "nonce" in body.data else None
        if nonce and body.data.get("enforce_nonce"):
            for message in self.messages.values():
                if message.nonce == nonce and message.place == place:
                    return message
        reply = body.data.get("message_reference") or {}
        message = Message(
            snowflake(), place, flags=flags, nonce=nonce, reply_to=int(reply.get("message_id", 0)) or None
        )
        if message.reply_to and self.present(message.reply_to) is None:
            if reply.get("fail_if_not_exists", True):
                raise Wrong(400, 50035, "message_reference: unknown message")
            message.reply_to = None
        write(message, body)
        self.messages[message.id] = message
        return message

    def present(self, message_id: int) -> Message | None:
        message = self.messages.get(message_id)
        return None if message is None or message.deleted else message


def write(message: Message, body: Body) -> None:
    """Applies the fields of a create or an edit."""
    data = body.data
    message.content = (data["content"] or "") if "content" in data else message.content
    message.components = (data["components"] or []) if "components" in data else message.components
    message.allowed_mentions = data.get("allowed_mentions", message.allowed_mentions)
    message.flags |= data.get("flags") or 0
    if "attachments" in data or body.files:
        listed = data.get("attachments") or []
        kept = {int(entry["id"]) for entry in listed}
        notes = {int(entry["id"]): entry.get("description") for entry in listed}
        message.attachments = [a for a in message.attachments if a.id in kept] + [
            Attachment(snowflake(), name, content, notes.get(index)) for index, (name, content) in body.files.items()
        ]


STATE = web.AppKey("state", State)


async def body_of(request: web.Request) -> Body:
    return await read_body(request, request.app[STATE].upload_limit)
