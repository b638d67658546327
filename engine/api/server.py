"""The engine's HTTP server: the OpenAI Images API and our extensions."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.api.answers import collect, stream
from engine.api.bodies import read_json
from engine.api.delivery import Delivery
from engine.api.guard import KeyGuard, LoopbackGuard, on_bug, on_engine_error, on_http_error
from engine.api.openapi import description
from engine.batch.engine import Engine
from engine.errors import BadRequest, EngineError, NotFound
from engine.plan import make_plan
from engine.protocol import AdapterInfo, AdapterList, GenerationRequest, Health, ModelList
from engine.version import VERSION

REQUEST_ID = "x-request-id"


class Server:
    """The routes. Deliveries under way are kept by request id, so that they can be cancelled."""

    def __init__(self, engine: Engine, key: str = "") -> None:
        self._engine = engine
        self._key = key
        self._deliveries: dict[str, Delivery] = {}

    def app(self) -> Starlette:
        routes = [
            Route("/v1/images/generations", self.generate, methods=["POST"]),
            Route("/v1/models", self.models, methods=["GET"]),
            Route("/v1/models/{id:path}", self.model, methods=["GET"]),
            Route("/v1/adapters", self.adapters, methods=["GET"]),
            Route("/v1/adapters/{name}/load", self.load_adapter, methods=["POST"]),
            Route("/v1/adapters/{name}/pin", self.pin_adapter, methods=["POST"]),
            Route("/v1/adapters/{name}/unload", self.unload_adapter, methods=["POST"]),
            Route("/v1/requests/{id}", self.cancel, methods=["DELETE"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/health", self.health, methods=["GET"]),
        ]
        refused = self._engine.metrics.refused
        guard = Middleware(KeyGuard, self._key, refused) if self._key else Middleware(LoopbackGuard, refused)
        app = Starlette(
            routes=routes,
            middleware=[guard],
            exception_handlers={EngineError: on_engine_error, HTTPException: on_http_error, Exception: on_bug},
            lifespan=self._lifespan,
        )
        app.state.refused = refused
        return app

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._engine.start()
        yield
        await asyncio.to_thread(self._engine.stop)

    async def generate(self, request: Request) -> Response:
        asked = await read_json(request, GenerationRequest)
        plan = make_plan(asked, self._engine.facts)
        id = self._request_id(request)
        forget = partial(self._deliveries.pop, id)
        delivery = Delivery(self._engine, id, plan, progress=asked.stream and asked.progress, on_end=forget)
        delivery.submit()
        self._deliveries[id] = delivery
        hang_up = asyncio.create_task(_cancel_on_hang_up(request, delivery))
        try:
            await delivery.accepted()
            if not asked.stream:
                whole = await collect(delivery.events(), plan)
                return JSONResponse(whole.model_dump(mode="json"), headers={REQUEST_ID: id})
        finally:
            hang_up.cancel()
        return EventStream(delivery, {REQUEST_ID: id})

    def _request_id(self, request: Request) -> str:
        """The client's own id for the request where it gave a good one in ``X-Request-Id``."""
        given = request.headers.get(REQUEST_ID)
        if given is None:
            return uuid.uuid4().hex
        if not re.fullmatch(r"[A-Za-z0-9._:-]{1,100}", given):
            raise BadRequest("X-Request-Id must be 1 to 100 letters, digits, or any of '._:-'.", param=REQUEST_ID)
        if given in self._deliveries:
            raise BadRequest(f"A request with the id {given!r} is under way.", param=REQUEST_ID)
        return given

    async def cancel(self, request: Request) -> Response:
        """Answers once the work has stopped."""
        id = request.path_params["id"]
        if (delivery := self._deliveries.get(id)) is None:
            raise NotFound("No request of that id is under way.", param="id")
        delivery.cancel()
        await delivery.ended.wait()
        return JSONResponse({"id": id, "object": "request", "cancelled": delivery.job.outcome == "cancelled"})

    async def models(self, request: Request) -> Response:
        return JSONResponse(ModelList(data=[self._engine.facts.info()]).model_dump(mode="json"))

    async def model(self, request: Request) -> Response:
        facts = self._engine.facts
        if request.path_params["id"] != facts.name:
            raise NotFound(f"That model is not loaded. Loaded: {facts.name!r}.", param="model")
        return JSONResponse(facts.info().model_dump(mode="json"))

    async def adapters(self, request: Request) -> Response:
        found = await asyncio.to_thread(self._engine.adapters.list)
        return JSONResponse(AdapterList(data=found).model_dump(mode="json"))

    async def load_adapter(self, request: Request) -> Response:
        return await self._change(self._engine.adapters.load, request)

    async def pin_adapter(self, request: Request) -> Response:
        return await self._change(partial(self._engine.adapters.load, pin=True), request)

    async def unload_adapter(self, request: Request) -> Response:
        return await self._change(self._engine.adapters.unload, request)

    async def _change(self, change: Callable[[str], AdapterInfo], request: Request) -> Response:
        info = await asyncio.to_thread(change, request.path_params["name"])
        return JSONResponse(info.model_dump(mode="json"))

    async def health(self, request: Request) -> Response:
        closed, model = self._engine.admission.closed, self._engine.facts.name
        health = Health(status="stopping" if closed else "ready", model=model, version=VERSION)
        return JSONResponse(health.model_dump(mode="json"))

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(description())

    async def metrics(self, request: Request) -> Response:
        return Response(self._engine.metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


class EventStream(StreamingResponse):
    """A delivery's events as they come; a client that hangs up cancels the job."""

    def __init__(self, delivery: Delivery, headers: dict[str, str]) -> None:
        job = delivery.job
        headers |= {"Cache-Control": "no-store"}
        super().__init__(stream(delivery.events(), job.plan, job.id), media_type="text/event-stream", headers=headers)
        self._delivery = delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._delivery.cancel()


async def _cancel_on_hang_up(request: Request, delivery: Delivery) -> None:
    """The answer has nobody to go to once the client is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    delivery.cancel()
