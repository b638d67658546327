"""From an accepted request to pictures that are ready for their first step, beside the step loop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from engine.adapters.cache import OutOfRoom
from engine.batch.active_request import ActivePicture, ActiveRequest
from engine.batch.events import Accepted, Failed
from engine.batch.metrics import Metrics
from engine.batch.preparer import Preparer
from engine.batch.throughput import ThroughputForecast
from engine.errors import BadRequest, DrawingFailed, EngineError, QueueFull, ShuttingDown

log = logging.getLogger(__name__)
LOADERS = 2
"""Threads that read adapters: one for a LoRA while the other is busy with a DreamBooth checkpoint."""


class Admission:
    """The unfinished jobs: a bounded number of them, each prepared once there is room for its adapters."""

    def __init__(
        self,
        preparer: Preparer,
        pace: ThroughputForecast,
        metrics: Metrics,
        most: int,
        ready: Callable[[list[ActivePicture]], None],
    ) -> None:
        self._preparer = preparer
        self._pace = pace
        self._most = most
        self._ready = ready
        self._metrics = metrics
        self._jobs: dict[str, ActiveRequest] = {}
        self._parked: list[ActiveRequest] = []
        self._ends = 0
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._encoders = ThreadPoolExecutor(1, "encoder")
        self._loaders = ThreadPoolExecutor(LOADERS, "loader")
        self.closed = False

    def close(self) -> None:
        """Take no more jobs."""
        self.closed = True

    def abandon(self) -> None:
        """Fail every job that is left."""
        for job in self.jobs():
            job.send(Failed(ShuttingDown("The engine is shutting down.", retry_after=10)))

    def join(self) -> None:
        """End the threads; call ``abandon`` before."""
        self._encoders.shutdown()
        self._loaders.shutdown()

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no job is left; False where some are after ``seconds``."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._jobs, seconds)

    def jobs(self) -> list[ActiveRequest]:
        """The unfinished ones, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def submit(self, job: ActiveRequest) -> None:
        """Take the job; its events tell the rest.

        :raises BadRequest: where it asks for more than may ever wait.
        :raises QueueFull, ShuttingDown: with the seconds after which to ask again.
        """
        if job.plan.count > self._most:
            raise BadRequest(f"n must be at most {self._most}, all that may wait here at once.", param="n")
        if self.closed:
            raise ShuttingDown("The engine is shutting down.", retry_after=10)
        job.on_end = self._forget
        with self._lock:
            pictures = sum(other.plan.count for other in self._jobs.values())
            queue = [other.work for other in self._jobs.values()]
            if pictures + job.plan.count > self._most:
                message = f"{pictures} pictures are waiting; the most is {self._most}."
                raise QueueFull(message, retry_after=self._pace.retry_after(queue))
            job.predicted_seconds = self._pace.forecast(len(queue), [*queue, job.work])
            self._jobs[job.id] = job
        self._begin(job)

    def _forget(self, job: ActiveRequest) -> None:
        """The job has ended: free what it held, and let those try again that waited for room."""
        seconds = time.monotonic() - job.accepted_at
        self._metrics.ended(job.outcome, seconds)
        if job.outcome == "done" and job.predicted_seconds:
            self._pace.learn(job.predicted_seconds, seconds)
        self._release(job)
        with self._lock:
            self._jobs.pop(job.id, None)
            self._ends += 1
            self._idle.notify_all()
            parked, self._parked = self._parked, []
        for other in parked:
            self._begin(other)

    def _release(self, job: ActiveRequest) -> None:
        with self._lock:
            applied, job.applied = job.applied, None
        if applied:
            self._preparer.release(applied)

    def _begin(self, job: ActiveRequest) -> None:
        """Prepare the job beside the step loop; reading adapters holds up nobody whose adapters are there."""
        (self._encoders if self._preparer.in_memory(job) else self._loaders).submit(self._prepare, job)

    def _prepare(self, job: ActiveRequest) -> None:
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
            self._ready(job.pictures)
        if job.ended:
            self._release(job)

    def _park_behind(self, job: ActiveRequest) -> bool:
        """Whoever needs a DreamBooth checkpoint waits behind those who wait for one already."""
        if not self._parked or not self._preparer.wants_variant(job):
            return False
        with self._lock:
            if not self._parked:
                return False
            self._parked.append(job)
        job.send(Accepted())
        return True

    def _park(self, job: ActiveRequest, ends: int) -> None:
        """Wait until a job ends; try again at once if one has since ``ends`` were counted."""
        job.send(Accepted())
        with self._lock:
            missed = ends != self._ends
            if not missed:
                self._parked.append(job)
        if missed:
            self._begin(job)
