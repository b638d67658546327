"""The engine: requests in, events out, and between them one U-Net call after the other."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import torch

from adapters.registry import Registry
from engine.adapter_cache import AdapterCache, OutOfRoom
from engine.errors import DrawingFailed, EngineError, QueueFull, ShuttingDown
from engine.events import Accepted, Cancelled, Failed, Progress
from engine.finisher import Finisher, Sketch
from engine.job import Job, Picture
from engine.lora import SlotBank
from engine.model import Model
from engine.pace import Pace
from engine.plan import Facts
from engine.preparer import Preparer, text_bank
from engine.runner import Runner
from engine.samplers import predicted_picture
from engine.scheduler import Scheduler
from engine.settings import EngineSettings

log = logging.getLogger(__name__)
REPORT_SECONDS = 0.25
"""Between two progress events of a job."""
Message = list[Picture] | Job | None
"""To the step loop: prepared pictures, a job to cancel, or None to stop."""


class Engine:
    """Draws. ``submit`` and ``cancel`` may be called from any thread; the steps are taken in a thread of their own."""

    def __init__(self, model: Model, settings: EngineSettings, registry: Registry) -> None:
        self.model = model
        self.facts = Facts(model.name, model.native, model.prediction_type)
        self.pace = Pace()
        self._settings = settings
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._stopping = False
        self._reported = 0.0
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._scheduler = Scheduler(settings.max_batch, settings.adapter_slots, settings.user_weights)
        self._drawing: dict[object, Picture] = {}
        self._runner = Runner(SlotBank(model.unet, settings.adapter_slots))
        bank = text_bank(model)
        self.adapters = AdapterCache(model, self.facts, registry, settings)
        self._preparer = Preparer(model, self.adapters, bank)
        self._parked: list[Job] = []
        self._ends = 0
        self._finisher = Finisher(model)
        self._alphas = torch.as_tensor(alphas_cumprod(model))
        self._encoders = ThreadPoolExecutor(1, "encoder")
        self._loaders = ThreadPoolExecutor(1, "loader")
        self._thread = threading.Thread(target=self._work, name="steps", daemon=True)

    # Any thread

    def start(self) -> None:
        self._finisher.start()
        self._thread.start()

    def stop(self) -> None:
        """Abandon what is left, then end every thread."""
        self.refuse()
        self.abandon()
        self._encoders.shutdown()
        self._loaders.shutdown()
        self._messages.put(None)
        self._thread.join()
        self._finisher.stop()

    def refuse(self) -> None:
        """Take no more requests."""
        self._stopping = True

    def abandon(self) -> None:
        """Fail every job that is left."""
        for job in self.jobs():
            job.send(Failed(ShuttingDown("The engine is shutting down.", retry_after=10)))

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no job is left; False where some are after ``seconds``."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._jobs, seconds)

    @property
    def stopping(self) -> bool:
        return self._stopping

    def jobs(self) -> list[Job]:
        """The unfinished ones, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def submit(self, job: Job) -> None:
        """Take the job; its events tell the rest.

        :raises QueueFull, ShuttingDown: with the seconds after which to ask again.
        """
        if self._stopping:
            raise ShuttingDown("The engine is shutting down.", retry_after=10)
        job.on_end = self._forget
        with self._lock:
            pictures = sum(other.plan.count for other in self._jobs.values())
            if pictures + job.plan.count > self._settings.max_queue:
                wait = self.pace.retry_after(list(self._jobs.values()))
                raise QueueFull(
                    f"{pictures} pictures wait already; the most is {self._settings.max_queue}.", retry_after=wait
                )
            self._jobs[job.id] = job
        self._begin(job)

    def cancel(self, job: Job) -> None:
        """Stop drawing ``job`` at the next step; its last event says when."""
        self._messages.put(job)

    def _forget(self, job: Job) -> None:
        """The job has ended: free what it held, and let those try again that waited for room."""
        self._release(job)
        with self._lock:
            self._jobs.pop(job.id, None)
            self._ends += 1
            self._idle.notify_all()
            parked, self._parked = self._parked, []
        for other in parked:
            self._begin(other)

    def _release(self, job: Job) -> None:
        with self._lock:
            applied, job.applied = job.applied, None
        if applied:
            self.adapters.release(applied)

    def _begin(self, job: Job) -> None:
        """Prepare the job beside the step loop; loading adapters holds up nobody who uses none."""
        (self._loaders if job.plan.adapters else self._encoders).submit(self._prepare, job)

    def _prepare(self, job: Job) -> None:
        ends = self._ends
        if job.ended or self._park_behind(job):
            return
        try:
            job.pictures = self._preparer.prepare(job)
        except OutOfRoom:
            self._park(job, ends)
        except EngineError as error:
            job.send(Failed(error))
        except Exception:
            log.exception("preparing a request failed")
            job.send(Failed(DrawingFailed("The request could not be prepared.")))
        else:
            job.send(Accepted())
            self._messages.put(job.pictures)
        if job.ended:
            self._release(job)

    def _park_behind(self, job: Job) -> bool:
        """Whoever needs a DreamBooth checkpoint waits behind those who wait for one already."""
        with self._lock:
            if not self._parked or not self.adapters.wants_variant(job.plan.adapters):
                return False
            self._parked.append(job)
        job.send(Accepted())
        return True

    def _park(self, job: Job, ends: int) -> None:
        """Wait until a job ends; try again at once if one has since ``ends`` were counted."""
        job.send(Accepted())
        with self._lock:
            missed = ends != self._ends
            if not missed:
                self._parked.append(job)
        if missed:
            self._begin(job)

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
            if isinstance(message, Job):
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
            outputs = self._runner.run(pictures)
            for picture, (seen, output) in zip(pictures, outputs, strict=True):
                self._advance(picture, seen, output)
        except Exception:
            log.exception("a step failed")
            for picture in pictures:
                picture.job.send(Failed(DrawingFailed("The model could not draw this request.")))
        self.pace.measure(sum(picture.rows for picture in pictures), time.perf_counter() - begun)
        self._leave([picture for picture in pictures if picture.sampling.done or picture.job.ended])
        self._report()
        return True

    @torch.inference_mode()
    def _advance(self, picture: Picture, seen: torch.Tensor, output: torch.Tensor) -> None:
        picture.job.drawing = True
        sampling, timestep = picture.sampling, float(picture.sampling.timestep)
        sampling.advance(output)
        if (partial := picture.partials_at.get(sampling.index)) is not None:
            foreseen = predicted_picture(self._alphas, self.model.prediction_type, timestep, seen, output)
            self._finisher.hand_over(Sketch(picture, foreseen, partial, sampling.index))
        if sampling.done and not torch.isfinite(sampling.latent).all():
            picture.job.send(Failed(DrawingFailed(f"The model gave no finite picture in {self.model.dtype}.")))
        elif sampling.done:
            self._finisher.hand_over(Sketch(picture, sampling.latent))

    def _join(self, pictures: Sequence[Picture]) -> None:
        for picture in pictures:
            self._drawing[picture.ticket.id] = picture
            self._scheduler.add(picture.ticket)

    def _leave(self, pictures: Sequence[Picture]) -> None:
        for picture in pictures:
            self._drawing.pop(picture.ticket.id, None)
        self._scheduler.remove([picture.ticket.id for picture in pictures])

    def _report(self) -> None:
        """Tell those who want to know where their jobs stand, a few times a second."""
        now = time.monotonic()
        if now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        jobs = self.jobs()
        for position, job in enumerate(jobs):
            if job.progress:
                job.send(self._progress(job, position, jobs))

    def _progress(self, job: Job, position: int, jobs: list[Job]) -> Progress:
        ahead = 0 if job.drawing else position
        return Progress(
            "drawing" if job.drawing else "queued", ahead, job.step, job.plan.steps, self.pace.eta(job, jobs)
        )


def alphas_cumprod(model: Model) -> torch.Tensor:
    """The signal's share at each training timestep."""
    from diffusers import DDIMScheduler  # noqa: PLC0415

    alphas: torch.Tensor = DDIMScheduler.from_config(model.noise_schedule).alphas_cumprod
    return alphas
