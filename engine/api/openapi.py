"""The server's OpenAPI description, made from the protocol's own models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from engine.errors import EngineError
from engine.protocol import (
    SAMPLERS,
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    GenerationRequest,
    GenerationResponse,
    Health,
    ModelInfo,
    ModelList,
    PartialImageEvent,
    ProgressEvent,
)
from engine.version import VERSION

REF = "#/components/schemas/{model}"
MODELS: tuple[type[BaseModel], ...] = (
    AdapterInfo,
    AdapterList,
    CompletedEvent,
    GenerationRequest,
    GenerationResponse,
    Health,
    ModelInfo,
    ModelList,
    PartialImageEvent,
    ProgressEvent,
)
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
                "retry_after": {"type": "number"},
            },
        }
    },
}
CANCELLED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "object", "cancelled"],
    "properties": {"id": {"type": "string"}, "object": {"const": "request"}, "cancelled": {"type": "boolean"}},
}
MEANINGS = {kind.status: kind.__name__ for kind in EngineError.__subclasses__()} | {
    404: "NotFound",
    413: "The body is too long",
    415: "The body is not JSON",
    500: "DrawingFailed",
}


def description() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    _, schemas = models_json_schema([(model, "validation") for model in MODELS], ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sanggar engine", "version": VERSION, "description": "The OpenAI Images API, and more."},
        "security": [{"key": []}],
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas["$defs"], "Error": ERROR, "Cancelled": CANCELLED},
        },
        "paths": _paths(),
    }


def _paths() -> dict[str, Any]:
    name, id = _in_path("name"), _in_path("id")
    changes = {
        f"/v1/adapters/{{name}}/{verb}": {"post": _answers(meaning, AdapterInfo, 404, 422, parameters=[name])}
        for verb, meaning in (
            ("load", "Have an adapter in memory before it is asked for"),
            ("pin", "Load an adapter and keep it in memory"),
            ("unload", "Unpin an adapter and let it leave memory"),
        )
    }
    return {
        "/v1/images/generations": {"post": _generation()},
        "/v1/models": {"get": _answers("The loaded model", ModelList)},
        "/v1/models/{id}": {"get": _answers("One model", ModelInfo, 404, parameters=[id])},
        "/v1/adapters": {"get": _answers("Every adapter, and whether it can be used", AdapterList)},
        **changes,
        "/v1/requests/{id}": {"delete": _answers("Cancel a request", "Cancelled", 404, parameters=[id])},
        "/metrics": {"get": _text("Prometheus metrics")},
        "/health": {"get": _answers("Whether the engine draws", Health) | {"security": []}},
    }


def _generation() -> dict[str, Any]:
    operation = _answers("Draw", GenerationResponse, 400, 404, 409, 413, 415, 422, 429, 500, 503)
    operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": _event()}
    schema = {"$ref": REF.format(model="GenerationRequest")}
    operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    operation["description"] = f"Samplers: {', '.join(SAMPLERS)}."
    return operation


def _event() -> dict[str, Any]:
    """One of the server-sent events that a stream consists of."""
    kinds = (PartialImageEvent, ProgressEvent, CompletedEvent)
    names = [kind.model_fields["type"].default for kind in kinds]
    refs = [{"$ref": REF.format(model=name)} for name in (*(kind.__name__ for kind in kinds), "Error")]
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": {"anyOf": refs}}
    return {
        "type": "object",
        "description": "With `stream`: server-sent events, each of this kind.",
        "required": ["event", "data"],
        "properties": {"event": {"enum": [*names, "error"]}, "data": data},
    }


def _answers(summary: str, model: type[BaseModel] | str, *errors: int, parameters: Any = ()) -> dict[str, Any]:
    name = model if isinstance(model, str) else model.__name__
    content = {"application/json": {"schema": {"$ref": REF.format(model=name)}}}
    responses = {"200": {"description": summary, "content": content}}
    failure = {"application/json": {"schema": {"$ref": REF.format(model="Error")}}}
    for status in (401, *errors):
        responses[str(status)] = {"description": MEANINGS[status], "content": failure}
    return {"summary": summary, "parameters": list(parameters), "responses": responses}


def _text(summary: str) -> dict[str, Any]:
    operation = _answers(summary, "Error")
    operation["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return operation


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
