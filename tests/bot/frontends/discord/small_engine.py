"""An engine without a model, behind a real socket: speaks ``engine.protocol``, and waits where a test wants it to."""

from __future__ import annotations

import asyncio
import base64
import io
import random
import time
from collections.abc import Iterable

from aiohttp import web
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel

from engine.protocol import (
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    GenerationRequest,
    PartialImageEvent,
    ProgressEvent,
    StyleInfo,
    Usage,
)


def png(seed: int, parameters: str, side: int = 16) -> bytes:
    """Noise that the seed chooses: compression makes it no smaller."""
    image = Image.frombytes("RGB", (side, side), random.Random(seed).randbytes(3 * side * side))
    info, buffer = PngInfo(), io.BytesIO()
    info.add_text("parameters", parameters)
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


SHIPPED = ("kancil", "retro", "landscape")
"""Adapters that declare the style of their name."""


def adapter(name: str, command: str | None = None) -> AdapterInfo:
    """``command`` is the style that it declares."""
    command = command or (name if name in SHIPPED else None)
    frame, description = f"{{prompt}}, {name}", f"Draw as {name} does"
    style = StyleInfo(command=command, frame=frame, weight=0.7, description=description) if command else None
    return AdapterInfo(
        name=name, kind="lora", base_model="nano", prediction_type="v_prediction", title=name.title(), rank=8,
        trigger_words=[], sha256="0" * 64, usable=True, style=style,
    )  # fmt: skip


class SmallEngine:
    """``gate`` holds every picture back while it is cleared. ``script`` is what is told before the pictures."""

    def __init__(self, adapters: Iterable[str] = ("kancil", "retro", "landscape", "batik")) -> None:
        self.adapters = [adapter(name) for name in adapters]
        self.requests: list[GenerationRequest] = []
        self.script: list[BaseModel] = []
        self.stopped: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.told = asyncio.Event()
        """Set once the script has been sent."""
        self.side = 16

    async def __aenter__(self) -> SmallEngine:
        app = web.Application()
        app.router.add_post("/v1/images/generations", self._generate)
        app.router.add_get("/v1/adapters", self._adapters)
        app.router.add_delete("/v1/requests/{id}", self._stop)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        await self._runner.cleanup()

    def partial(self, step: int, steps: int) -> PartialImageEvent:
        return PartialImageEvent(
            b64_json=base64.b64encode(png(step, "partial")).decode(), created_at=int(time.time()), size="512x512",
            partial_image_index=0, step=step, steps=steps,
        )  # fmt: skip

    async def _adapters(self, request: web.Request) -> web.Response:
        return web.json_response(AdapterList(data=self.adapters).model_dump())

    async def _stop(self, request: web.Request) -> web.Response:
        self.stopped.append(request.match_info["id"])
        return web.Response(status=204)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        wanted = GenerationRequest.model_validate(await request.json())
        self.requests.append(wanted)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await send(response, ProgressEvent(request_id="r", state="queued", position=1, eta_seconds=3.0))
        for event in self.script:
            await send(response, event)
        self.told.set()
        await self.gate.wait()
        for index in range(wanted.n):
            await send(response, self._completed(wanted, index))
        return response

    def _completed(self, wanted: GenerationRequest, index: int) -> CompletedEvent:
        seed = (wanted.seed or 0) + index
        loras = " ".join(f"<lora:{use.name}:{use.weight:g}>" for use in wanted.adapters)
        parameters = (
            f"{wanted.prompt} {loras}\nSteps: {wanted.num_inference_steps or 25}, Sampler: Euler a, "
            f"CFG scale: {wanted.guidance_scale or 7.0}, Seed: {seed}, Size: {wanted.size}, Model: nano"
        )
        return CompletedEvent(
            b64_json=base64.b64encode(png(seed, parameters, self.side)).decode(), created_at=int(time.time()),
            size=wanted.size or "512x512", image_index=index, usage=Usage(), seed=seed, parameters=parameters,
        )  # fmt: skip


async def send(response: web.StreamResponse, event: BaseModel) -> None:
    name = getattr(event, "type")  # noqa: B009
    await response.write(f"event: {name}\ndata: {event.model_dump_json()}\n\n".encode())
