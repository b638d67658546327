"""A job's events as the OpenAI Images API says them: one JSON answer, or server-sent events."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from engine.batch.events import Alive, Cancelled, Event, Failed, Finished, Partial, Progress
from engine.diffusion.infotext import infotext
from engine.errors import EngineError, RequestCancelled
from engine.plan import Plan
from engine.protocol import (
    CompletedEvent,
    GenerationResponse,
    PartialImageEvent,
    PictureData,
    ProgressEvent,
    Usage,
    UsedParameters,
)
from engine.sizes import size_text


def usage(rows: int, prompt_tokens: int) -> Usage:
    """``rows`` U-Net rows were drawn for prompts of so many tokens."""
    details = {"image_tokens": 0, "text_tokens": prompt_tokens}
    return Usage(
        input_tokens=prompt_tokens,
        output_tokens=rows,
        total_tokens=prompt_tokens + rows,
        input_tokens_details=details,
    )


def base64_text(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")


async def collect(events: AsyncIterator[Event], plan: Plan) -> GenerationResponse:
    """The whole answer.

    :raises EngineError: where the job did not come to its end.
    """
    finished: list[Finished] = []
    async for event in events:
        if isinstance(event, Finished):
            finished.append(event)
        if error := failure(event):
            raise error
    finished.sort(key=lambda event: event.picture)
    data = [PictureData(b64_json=base64_text(f.png), **_drawn(f.used)) for f in finished]
    cost = usage(sum(f.rows for f in finished), max(f.used.prompt_tokens for f in finished))
    return GenerationResponse(created=int(time.time()), data=data, size=size_text(plan.size), usage=cost)


def _drawn(used: UsedParameters) -> dict[str, Any]:
    """The fields that say what a picture was drawn with."""
    return {"seed": used.seed, "parameters": infotext(used), "used": used}


def failure(event: Event) -> EngineError | None:
    """The error that ``event`` brings, if it does."""
    if isinstance(event, Failed):
        return event.error
    return RequestCancelled("The request was cancelled.") if isinstance(event, Cancelled) else None


async def stream(events: AsyncIterator[Event], plan: Plan, request_id: str) -> AsyncIterator[str]:
    """The answer as server-sent events; an error is the last event, named ``error``."""
    async for event in events:
        if error := failure(event):
            yield f"event: error\ndata: {json_text(error)}\n\n"
        elif isinstance(event, Alive):
            yield ": alive\n\n"
        elif message := to_message(event, plan, request_id):
            yield f"event: {message.type}\ndata: {message.model_dump_json()}\n\n"


def json_text(error: EngineError) -> str:
    return json.dumps(error.body())


def to_message(event: Event, plan: Plan, request_id: str) -> PartialImageEvent | CompletedEvent | ProgressEvent | None:
    """The protocol's message for an event that has one."""
    common: Any = {"created_at": int(time.time()), "size": size_text(plan.size)}
    if isinstance(event, Partial):
        return PartialImageEvent(
            b64_json=base64_text(event.png),
            image_index=event.picture,
            partial_image_index=event.index,
            step=event.step,
            steps=event.steps,
            **common,
        )
    if isinstance(event, Finished):
        return CompletedEvent(
            b64_json=base64_text(event.png),
            image_index=event.picture,
            usage=usage(event.rows, event.used.prompt_tokens),
            **_drawn(event.used),
            **common,
        )
    if isinstance(event, Progress):
        return ProgressEvent(
            request_id=request_id,
            state=event.state,
            position=event.position,
            eta_seconds=event.eta_seconds,
            eta_p90_seconds=event.eta_p90_seconds,
            step=event.step,
            steps=event.steps,
        )
    return None
