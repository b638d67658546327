"""The engine: requests in, events out, and between them one U-Net call after the other."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import DDIMScheduler

from adapters.registry import Registry
from engine.adapters.cache import AdapterCache
from engine.adapters.slots import SlotBank
from engine.batch.active_request import ActivePicture, ActiveRequest
from engine.batch.admission import Admission
from engine.batch.capacity import choose_capacity
from engine.batch.compiling import every_lora, usual_shapes
from engine.batch.events import Cancelled, Failed
from engine.batch.fair_lock import compute_lock
from engine.batch.finisher import DecodeTask, Finisher
from engine.batch.metrics import Metrics
from engine.batch.preparer import Preparer, text_bank
from engine.batch.reporter import Reporter
from engine.batch.runner import Runner, bucket
from engine.batch.scheduler import Scheduler
from engine.batch.throughput import ThroughputForecast
from engine.diffusion.model import Model
from engine.errors import DrawingFailed
from engine.plan import ModelFacts
from engine.samplers.prediction import predict_x0
from engine.settings import EngineSettings

log = logging.getLogger(__name__)
Message = list[ActivePicture] | ActiveRequest | None
"""To the step loop: prepared pictures, a job to cancel, or None to stop."""


class Engine:
    """Draws. ``submit`` and ``cancel`` may be called from any thread; the steps are taken in a thread of their own."""

    def __init__(self, model: Model, settings: EngineSettings, registry: Registry) -> None:
        self.model = model
        self.facts = ModelFacts(model.name, model.native, model.prediction_type)
        self.pace = ThroughputForecast()
        self.metrics = Metrics()
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.compute_lock = compute_lock(model.device)
        room = self.capacity = choose_capacity(model, settings)
        self._bank = SlotBank(model.unet, room.adapter_slots)
        text = text_bank(model)
        self.adapters = AdapterCache(
            model,
            self.facts,
            registry,
            lora_mb=room.lora_memory_mb,
            variant_mb=room.variant_memory_mb,
            max_rank=settings.max_rank,
        )
        self._preparer = Preparer(model, self.adapters, text, self.compute_lock)
        self.admission = Admission(self._preparer, self.pace, self.metrics, room.max_queue, self._messages.put)
        self._scheduler = Scheduler(room.max_batch, room.adapter_slots, settings.user_weights)
        self._runner = Runner(self._bank)
        self._finisher = Finisher(model, self.metrics, self.pace, self.compute_lock, room.decode_pixels)
        self._max_rank = settings.max_rank
        self._drawing: dict[object, ActivePicture] = {}
        self._reporter = Reporter(self.pace)
        self._alphas: torch.Tensor = DDIMScheduler.from_config(model.noise_schedule).alphas_cumprod
        self._thread = threading.Thread(target=self._work, name="steps", daemon=True)
        self._measure()

    def compile(self, backend: str | Callable[..., Any] = "inductor") -> None:
        """Compile the U-Net for what the adapters that there are touch; to be called before the first request."""
        self._bank.fix(usual_shapes(self._bank.layers, every_lora(self.adapters)), self._max_rank)
        self._runner.compile(backend, self.model.native // self.model.vae_scale_factor)

    def warm_up(self, say: Callable[[str], None]) -> None:
        """Take a step with each number of rows for which the compiled U-Net has a graph."""
        rows, most = 1, bucket(self._scheduler.max_rows)
        while rows <= most:
            say(f"compiling for {rows} of {most} rows")
            self.blank_step(rows)
            rows *= 2

    @torch.inference_mode()  # as pictures are drawn: a graph is made for the kind of tensors that it was shown
    def blank_step(self, rows: int) -> None:
        """Take a step of ``rows`` rows that draw nothing; a compiled U-Net makes their graph if it has none yet."""
        self._runner.call(self.model.unet, *self.model.blank_rows(rows))

    # Any thread

    def start(self) -> None:
        self._finisher.start()
        self._thread.start()

    def stop(self) -> None:
        """Abandon what is left, then end every thread."""
        self.admission.close()
        self.admission.abandon()
        self.admission.join()
        self._messages.put(None)
        self._thread.join()
        self._finisher.stop()

    def submit(self, job: ActiveRequest) -> None:
        """Take the job; its events tell the rest.

        :raises QueueFull, ShuttingDown: with the seconds after which to ask again.
        """
        self.admission.submit(job)

    def cancel(self, job: ActiveRequest) -> None:
        """Stop drawing ``job`` at the next step; its last event says when."""
        self._messages.put(job)

    def _measure(self) -> None:
        """Say what the metrics read when they are asked for."""
        metrics, cache, prompts = self.metrics, self.adapters, self._preparer.prompts
        metrics.gauge("sanggar_requests_live", "Requests under way.", lambda: len(self.admission.jobs()))
        metrics.gauge("sanggar_pictures_drawing", "Pictures in the step loop.", lambda: len(self._drawing))
        metrics.gauge("sanggar_lora_bytes", "LoRAs in memory.", lambda: cache.loras.bytes)
        metrics.gauge("sanggar_variant_bytes", "DreamBooth variants in memory.", lambda: cache.variants.bytes)
        metrics.counter("sanggar_adapter_loads", "Adapters read from disk.", lambda: cache.loads)
        metrics.counter("sanggar_adapter_hits", "Adapters found in memory.", lambda: cache.hits)
        metrics.counter("sanggar_slot_swaps", "Adapters written into a slot.", lambda: self._bank.swaps)
        metrics.counter("sanggar_prompt_hits", "Prompts whose embedding was known.", lambda: prompts.hits)
        metrics.counter("sanggar_prompt_misses", "Prompts that were encoded.", lambda: prompts.misses)

    # The step loop's thread

    def _work(self) -> None:
        busy = False
        while self._receive(wait=not busy):
            busy = self.step()

    def _receive(self, *, wait: bool) -> bool:
        """Take in what other threads sent; False is the end."""
        while wait or not self._messages.empty():
            message = self._messages.get()
            wait = False
            if message is None:
                return False
            if isinstance(message, ActiveRequest):
                message.send(Cancelled())
            else:
                self._join(message)
        self._leave([picture for picture in self._drawing.values() if picture.job.ended])
        return True

    def step(self) -> bool:
        """Schedule, run, post-process. False where there was nothing to draw."""
        pictures = [self._drawing[ticket.id] for ticket in self._scheduler.pick()]
        if not pictures:
            return False
        begun = time.perf_counter()
        try:
            with self.compute_lock:
                outputs = self._runner.run(pictures)
                for picture, (seen, output) in zip(pictures, outputs, strict=True):
                    self._advance(picture, seen, output)
        except Exception:
            log.exception("a step failed")
            for picture in pictures:
                picture.job.send(Failed(DrawingFailed("The model could not draw this request.")))
        self._count(pictures, time.perf_counter() - begun)
        self._leave([picture for picture in pictures if picture.sampling.done or picture.job.ended])
        self._reporter.report(self.admission.jobs())
        return True

    @torch.inference_mode()
    def _advance(self, picture: ActivePicture, seen: torch.Tensor, output: torch.Tensor) -> None:
        """One step of one picture; what is to be seen of it goes to the finisher."""
        sampling, timestep = picture.sampling, float(picture.sampling.timestep)
        sampling.advance(output)
        if (partial := picture.partials_at.get(sampling.index)) is not None:
            predicted_x0 = predict_x0(self._alphas, self.model.prediction_type, timestep, seen, output)
            self._finisher.hand_over(DecodeTask(picture, predicted_x0, partial, sampling.index))
        if sampling.done:
            self._finisher.hand_over(DecodeTask(picture, sampling.latent))

    def _join(self, pictures: Sequence[ActivePicture]) -> None:
        for picture in pictures:
            self._drawing[picture.ticket.id] = picture
            self._scheduler.add(picture.ticket)

    def _leave(self, pictures: Sequence[ActivePicture]) -> None:
        for picture in pictures:
            self._drawing.pop(picture.ticket.id, None)
        self._scheduler.remove([picture.ticket.id for picture in pictures])

    def _count(self, pictures: Sequence[ActivePicture], seconds: float) -> None:
        rows = sum(picture.rows for picture in pictures)
        self.pace.measure(rows, seconds)
        self.metrics.rows.observe(rows)
        self.metrics.seconds.observe(seconds)
        for job in {picture.job for picture in pictures if not picture.job.drawing}:
            job.drawing = True
            self.metrics.waits.observe(time.monotonic() - job.accepted_at)
