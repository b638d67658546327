"""An engine behind a real socket, in this process."""

from __future__ import annotations

import base64
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from adapters.registry import SHIPPED, Registry
from engine.api.serving import EngineServer, make_server
from engine.batch.engine import Engine
from engine.diffusion.model import load_model
from tests.engine_kit.judge import Pixels, Wish, pixels
from tests.kit.output import Output
from tests.kit.settings import engine_settings


@dataclass
class Live:
    """A running server and a client for it."""

    url: str
    http: httpx.Client
    engine: Engine
    server: EngineServer
    output: Output
    """What the process would have printed."""

    @contextmanager
    def nothing_computed(self) -> Iterator[None]:
        """Requests stay where they are until the block ends: no prompt is encoded and no step taken."""
        with self.engine.compute_lock:
            yield

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
def serve(model: Path | str, adapters: Path | None = None, **settings: Any) -> Iterator[Live]:
    """A server on a free port, until the block ends."""
    told = {"model": str(model), "engine_port": 0, "engine_grace_seconds": 0, **settings}
    read = engine_settings(**told)
    engine = Engine(load_model(read.model, "cpu", read.dtype), read, Registry([adapters] if adapters else [SHIPPED]))
    output = Output()
    server = make_server(engine, read, output.say)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        url = output.wait_for("ready on ").removeprefix("ready on ")
        headers = {"Authorization": f"Bearer {settings['engine_key']}"} if "engine_key" in settings else {}
        with httpx.Client(base_url=url, headers=headers, timeout=600) as http:
            yield Live(url, http, engine, server, output)
    finally:
        server.handle_exit(signal.SIGTERM, None)
        thread.join()
