"""An engine behind a real socket, in this process."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from adapters.registry import SHIPPED, Registry
from engine.engine import Engine
from engine.model import load_model
from engine.server import Server
from engine.settings import EngineSettings
from tests.engine_kit.judge import Pixels, Wish, pixels


@dataclass
class Live:
    """A running server and a client for it."""

    url: str
    http: httpx.Client
    engine: Engine

    def post(self, body: Any, path: str = "/v1/images/generations") -> httpx.Response:
        return self.http.post(path, json=body)

    def draw(self, wish: Wish) -> Pixels:
        answer = self.post(wish.body())
        assert answer.status_code == 200, answer.text
        return pixels(base64.b64decode(answer.json()["data"][0]["b64_json"]))

    def draw_together(self, wishes: list[Wish]) -> list[Pixels]:
        """All at once, so that they share U-Net calls."""
        with ThreadPoolExecutor(len(wishes)) as pool:
            return list(pool.map(self.draw, wishes))


@contextmanager
def serve(model: Path | str, adapters: Path | None = None, key: str = "", **settings: Any) -> Iterator[Live]:
    """A server on a free port, until the block ends."""
    told = EngineSettings(_env_file=None, model=str(model), adapters_dir=adapters or Path("none"), **settings)  # type: ignore[call-arg]
    engine = Engine(load_model(str(model), "cpu"), told, Registry([adapters] if adapters else [SHIPPED]))
    config = uvicorn.Config(Server(engine, key).app(), port=0, log_level="warning", lifespan="on", ws="none")
    server = Started(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        url = server.wait_for_url()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        with httpx.Client(base_url=url, headers=headers, timeout=60) as http:
            yield Live(url, http, engine)
    finally:
        server.should_exit = True
        thread.join()


class Started(uvicorn.Server):
    """uvicorn, telling where it listens once it does."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    def wait_for_url(self) -> str:
        assert self._listening.wait(60)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"
