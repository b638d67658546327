"""The last room: latents become PNG files, batched, in a thread of their own beside the step loop."""

from __future__ import annotations

import logging
import queue
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch
from PIL import Image

from engine.batch.active_request import ActivePicture
from engine.batch.events import Done, Failed, Finished, Partial
from engine.batch.metrics import Metrics
from engine.batch.throughput import ThroughputForecast
from engine.diffusion.infotext import infotext
from engine.diffusion.model import Model
from engine.diffusion.pictures import decode, enlarge, to_images, to_png
from engine.diffusion.previews import Previewer
from engine.errors import DrawingFailed
from engine.version import VERSION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DecodeTask:
    """A latent on its way to a PNG: finished, or predicted_x0 after ``call`` U-Net calls."""

    picture: ActivePicture
    latent: torch.Tensor
    partial: int | None = None
    call: int = 0
    handed_at: float = field(default_factory=time.monotonic)


class Finisher:
    """Takes sketches from the step loop and sends pictures to those who wait."""

    def __init__(
        self,
        model: Model,
        metrics: Metrics,
        pace: ThroughputForecast,
        turns: AbstractContextManager[None],
        most_pixels: int,
    ) -> None:
        self._model = model
        self._metrics = metrics
        self._pace = pace
        self._turns = turns
        self._most_pixels = most_pixels
        self._preview = Previewer(model.vae)
        self._sketches: queue.SimpleQueue[DecodeTask | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="finisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what was handed over, then end."""
        self._sketches.put(None)
        self._thread.join()

    def hand_over(self, sketch: DecodeTask) -> None:
        self._sketches.put(sketch)

    def _work(self) -> None:
        going_on = True
        while going_on:
            taken = [self._sketches.get()]
            while not self._sketches.empty():
                taken.append(self._sketches.get())
            going_on = None not in taken
            for batch in self._batches([sketch for sketch in taken if sketch]):
                self._finish(batch)

    def _batches(self, sketches: list[DecodeTask]) -> list[list[DecodeTask]]:
        """Sketches of one shape and kind together, as many as a VAE call may hold."""
        alike: dict[tuple[torch.Size, bool], list[DecodeTask]] = {}
        for sketch in sketches:
            alike.setdefault((sketch.latent.shape, sketch.partial is None), []).append(sketch)
        batches = []
        for (shape, _), same in alike.items():
            most = max(1, self._most_pixels // (shape[-1] * shape[-2] * self._model.vae_scale_factor**2))
            batches += [same[start : start + most] for start in range(0, len(same), most)]
        return batches

    def _finish(self, batch: list[DecodeTask]) -> None:
        batch = [sketch for sketch in batch if not sketch.picture.job.ended]
        if not batch:
            return
        try:
            with self._turns:
                latents = torch.cat([sketch.latent for sketch in batch])
                pixels = decode(latents, self._model.vae) if batch[0].partial is None else self._preview(latents)
                images = to_images(pixels)
            for sketch, image in zip(batch, images, strict=True):
                if image is not None:
                    self._send(sketch, enlarge(image, sketch.picture.job.plan.size))
                elif sketch.partial is None:
                    message = f"The model gave no finite picture in {self._model.dtype}."
                    sketch.picture.job.send(Failed(DrawingFailed(message)))
        except Exception:
            log.exception("decoding failed")
            for sketch in batch:
                sketch.picture.job.send(Failed(DrawingFailed("The picture could not be decoded.")))

    def _send(self, sketch: DecodeTask, image: Image.Image) -> None:
        picture, job = sketch.picture, sketch.picture.job
        calls = picture.sampling.calls
        if sketch.partial is not None:
            step = max(1, sketch.call * job.plan.steps // calls)
            job.send(Partial(picture.index, sketch.partial, step, job.plan.steps, to_png(image)))
            return
        used = job.plan.used(picture.index, self._model.name, VERSION)
        job.send(Finished(picture.index, to_png(image, infotext(used)), used, calls * picture.rows))
        self._metrics.pictures.inc()
        self._pace.measure_decode(time.monotonic() - sketch.handed_at)
        job.unfinished -= 1
        if not job.unfinished:
            job.send(Done())
