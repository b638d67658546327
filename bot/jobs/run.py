"""One job on its way from acceptance to its member: drawn by one task, told about and delivered by another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from bot.engine_link import checks
from bot.engine_link.client import DrawEvent, EngineClient, Interrupted
from bot.jobs.courier import Courier, Undeliverable
from bot.jobs.generation import generation
from bot.jobs.job import DRAWING_BEGUN, Job, Picture, Progress, State
from bot.jobs.journal import Journal
from bot.jobs.pictures import PictureStore
from bot.jobs.progress import ProgressReporter
from bot.storage.retrying import until_written
from engine.errors import AdapterRefused, EngineError, NotFound
from engine.protocol import CompletedEvent, PartialImageEvent

log = logging.getLogger(__name__)

REASONS = {
    "unreachable": "engine-away",
    "shutting_down": "engine-away",
    "invalid_api_key": "engine-away",
}
"""Codes of engine errors that a member can be told about; every other one is ``drawing-failed``."""


class JobRun:
    """``job`` is as it was last written to the journal. ``task`` ends when the job is finished and told.

    Cancelling ``task`` (the bot stops) leaves the job as it stands, for the next start.
    """

    def __init__(
        self, job: Job, courier: Courier, journal: Journal, engine: EngineClient, pictures: PictureStore
    ) -> None:
        self.job = job
        self._courier = courier
        self._journal = journal
        self._engine = engine
        self._pictures = pictures
        self._herald = ProgressReporter(courier)
        self._unwritten = asyncio.Event()
        self._drawing = asyncio.create_task(self._draw(), name=f"draw {job.id}")
        self.task = asyncio.create_task(self._see_through(), name=f"job {job.id}")

    async def cancel(self) -> Job:
        """The job once the work has stopped and its member was told; too late where the pictures are drawn.

        If its end cannot be written yet, the job as it will be: the work has stopped all the same.
        """
        await self._stop_drawing()
        unwritten = asyncio.create_task(self._unwritten.wait())
        await asyncio.wait([self.task, unwritten], return_when=asyncio.FIRST_COMPLETED)
        unwritten.cancel()
        stopped = self._drawing.cancelled() and not self.task.done()
        return replace(self.job, state=State.CANCELLED) if stopped else self.job

    def stop(self) -> bool:
        """Ends the work soon; False if it is too late, because the pictures are drawn."""
        return self._drawing.cancel()

    def relocate(self, **changes: Any) -> None:
        """The job's origin has changed in the journal: its ``place`` or its ``address``."""
        self.job = replace(self.job, origin=replace(self.job.origin, **changes))

    async def wait(self) -> Job:
        """The job once ``task`` has ended; waiting for it does not own it."""
        await asyncio.wait([self.task])
        return self.job

    async def _see_through(self) -> None:
        try:
            await asyncio.wait([self._drawing])
        finally:
            await self._stop_drawing()
            await self._herald.close()
        if self._drawing.cancelled():
            await self._cancelled()
        elif error := self._drawing.exception():
            await self._fail(error)
        else:
            await self._deliver(self._drawing.result())

    async def _cancelled(self) -> None:
        """What the engine has begun to draw is paid for."""
        begun = self.job.state is State.DRAWING
        await self._end(State.CANCELLED, reason=DRAWING_BEGUN if begun else "", refund=not begun)

    async def _stop_drawing(self) -> None:
        self._drawing.cancel()
        await asyncio.wait([self._drawing])

    async def _draw(self) -> list[Picture]:
        """The pictures. Where the engine cannot use the adapter, the base model draws with the style's frame alone."""
        await self._move(State.QUEUED)
        fallback = ""
        try:
            pictures = await self._collect(self.job.style.adapter)
        except (AdapterRefused, NotFound) as error:
            if not self.job.style.adapter:
                raise
            log.warning("job %s is drawn without its adapter: %s", self.job.id, error)
            fallback = error.message or error.code
            pictures = await self._collect(None)
        self.job = replace(self.job, used=pictures[0].used, fallback=fallback)
        await self._move(State.DRAWN)
        return pictures

    async def _collect(self, adapter: str | None) -> list[Picture]:
        pictures: dict[int, Picture] = {}
        async with aclosing(self._engine.draw(generation(self.job, adapter))) as events:
            async for event in events:
                await self._follow(event)
                if isinstance(event, CompletedEvent):
                    png = await asyncio.to_thread(checks.png, event.b64_json)
                    pictures[event.image_index] = Picture(png, event.parameters, event.used)
        return [pictures[index] for index in sorted(pictures)]

    async def _follow(self, event: DrawEvent) -> None:
        """Writes where the job stands, then tells."""
        if isinstance(event, CompletedEvent):
            await self._move(State.DRAWING)
        elif isinstance(event, PartialImageEvent):
            await self._move(State.DRAWING)
            preview = await self._preview(event)
            self._herald.tell(self.job, Progress(State.DRAWING, step=event.step, steps=event.steps, preview=preview))
        elif isinstance(event, Interrupted):
            await self._move(State.QUEUED)
            self._herald.tell(self.job, Progress(State.QUEUED, engine_away=event.away))
        else:
            state = State(event.state)
            await self._move(state)
            progress = Progress(state, event.position, event.eta_seconds, event.step, event.steps)
            self._herald.tell(self.job, progress)

    async def _preview(self, event: PartialImageEvent) -> bytes | None:
        """The partial picture; None if it cannot be shown, which is no reason to give up the drawing."""
        try:
            return await asyncio.to_thread(checks.png, event.b64_json)
        except EngineError as error:
            log.warning("job %s: %s", self.job.id, error)
            return None

    async def _deliver(self, pictures: Sequence[Picture]) -> None:
        await self._pictures.keep(self.job.id, pictures)
        try:
            message = await self._courier.deliver(self.job, pictures)
        except Undeliverable as error:
            await self._end(State.FAILED, reason=error.reason, refund=True)
        except Exception:
            log.exception("job %s could not be delivered", self.job.id)
            await self._end(State.FAILED, reason="undeliverable", refund=True)
        else:
            await self._move(State.DELIVERED, message=message)

    async def _fail(self, error: BaseException) -> None:
        reason = "drawing-failed"
        if isinstance(error, EngineError):
            log.warning("job %s failed: %s (%s)", self.job.id, error.message or "no reason given", error.code)
            reason = REASONS.get(error.code, reason)
        else:
            log.error("job %s failed", self.job.id, exc_info=error)
        await self._end(State.FAILED, reason=reason, refund=True)

    async def _end(self, state: State, *, reason: str = "", refund: bool) -> None:
        await self._move(state, reason=reason, refund=refund)
        try:
            await self._courier.inform(self.job)
        except Exception:
            log.exception("the member could not be told about job %s", self.job.id)

    async def _move(self, state: State, *, reason: str = "", message: str = "", refund: bool = False) -> None:
        if state is not self.job.state:
            moved = await until_written(
                lambda: self._journal.move(self.job, state, reason=reason, message=message, refund=refund),
                f"job {self.job.id}: {state}",
                self._unwritten,
            )
            self.job = replace(moved, origin=self.job.origin)  # which may have changed meanwhile
