"""What answers at the engine's address."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from engine.protocol import Health


class EngineFailed(Exception):
    """The engine cannot run; the message is for the person at the terminal. ``tail`` has its last log lines."""

    def __init__(self, message: str, tail: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.tail = tuple(tail)


async def probe(client: httpx.AsyncClient, url: str) -> Health | None:
    """What answers at ``url``; None where nothing listens. Raises EngineFailed where it is no engine, or is silent."""
    try:
        return Health.model_validate_json((await client.get(f"{url}/health")).content)
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return None
    except httpx.TimeoutException:
        advice = "If it is the engine, stop it and start it again; else look at SANGGAR_ENGINE_URL."
        raise EngineFailed(f"What listens at {url} does not answer. {advice}") from None
    except (httpx.HTTPError, ValidationError):
        port = "Stop it, or set SANGGAR_ENGINE_URL to another port, such as http://127.0.0.1:8802."
        advice = port if is_local(url) else "Look at SANGGAR_ENGINE_URL."
        raise EngineFailed(f"Something that is no Sanggar engine answers at {url}. {advice}") from None


def is_local(url: str) -> bool:
    """Whether an engine of ours would listen at ``url``."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost"}
