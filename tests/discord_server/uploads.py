"""A request's JSON and its files: plain JSON, or multipart with ``payload_json`` and ``files[n]``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.discord_server.faults import Wrong

REQUEST_LIMIT = 25 * 1024 * 1024
FILE = re.compile(r"files\[(\d+)\]")


@dataclass
class Body:
    data: Any = field(default_factory=dict)
    files: dict[int, tuple[str, bytes]] = field(default_factory=dict)


async def read_body(request: web.Request, limit: int) -> Body:
    """Raises ``Wrong`` 413 where a file or the request is too large, 50035 where the form is not one."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return Body(json.loads(raw) if raw else {})
    body, size = Body(), 0
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        size += len(content)
        found = FILE.fullmatch(part.name or "")
        if part.name == "payload_json":
            body.data = json.loads(content)
        elif found and part.filename:
            body.files[int(found[1])] = (part.filename, content)
        else:
            raise Wrong(400, 50035, f"part {part.name!r}")
    if size > REQUEST_LIMIT or any(len(content) > limit for _, content in body.files.values()):
        raise Wrong(413, 40005)
    return body
