"""What is said of the address of the engine."""

from __future__ import annotations

import socket

import httpx
import pytest

from bot.engine_link.probe import EngineFailed, probe


async def test_a_stopped_engine_is_called_silent_and_not_another_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(timeout=0.2) as client:
            with pytest.raises(EngineFailed, match=f"^What listens at {url} does not answer"):
                await probe(client, url)
