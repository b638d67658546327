"""The engine on a card: are its pictures the pipeline's, does it wait, and how fast does it serve?"""

from __future__ import annotations

import copy
import io
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from adapters.registry import SHIPPED
from benchmarks.contenders import Ours, Outcome, Request, Today
from benchmarks.gpu_calls import float32_products, seconds_of, wait
from benchmarks.gpu_record import Figures
from engine.adapters.checkpoints import Checkpoint, read_checkpoint
from engine.diffusion.model import Model, load_model
from engine.protocol import SAMPLERS

LORAS = ("kancil", "landscape")
DREAMBOOTH = "retro"
FAR = 20
"""In 1/255: where an edge has moved by a pixel."""


def nano_requests(steps: int, samplers: Sequence[str] = tuple(SAMPLERS)) -> list[Request]:
    """Every sampler once; without and with adapters by turns; guidance 1, 5 and 9."""
    adapters = (None, *LORAS, DREAMBOOTH)
    return [
        Request(f"a fox, number {index}", index, steps, (1.0, 5.0, 9.0)[index % 3], adapters[index % 4], 0.0, sampler)
        for index, sampler in enumerate(samplers)
    ]


def pictures(dtype: str, precision: str, requests: Sequence[Request]) -> Figures:
    """Nano's pictures in one mixed batch beside the pipeline's, each in 1/255: the largest and the mean difference."""
    model = load_model("nano", dtype=dtype)
    with ExitStack() as stack:
        if model.device.type == "cuda":
            stack.enter_context(float32_products(precision))
        wanted = pipelines_pictures(model, requests)
        ours = Ours(model, SHIPPED)
        stack.callback(ours.engine.stop)
        outcome = ours.serve(requests)
    rows = {
        request.sampler: {"adapter": request.adapter, **difference(png, picture)}
        for request, png, picture in zip(requests, outcome.pngs, wanted, strict=True)
    }
    drawn = [row for row in rows.values() if "largest" in row]
    figures = {key: max((row[key] for row in drawn), default=None) for key in ("largest", "mean", "far_share")}
    return {"failures": outcome.failures, **figures, "by_sampler": rows}


def pipelines_pictures(model: Model, requests: Sequence[Request]) -> list[Image.Image]:
    """Today's way has one pipeline for the LoRAs and another for the DreamBooth checkpoint."""
    laid = read_checkpoint(
        DREAMBOOTH, SHIPPED / DREAMBOOTH, Checkpoint("", model.unet, model.text_encoder), model.source
    )
    plain = Today(model, SHIPPED, LORAS)
    other = Today(replace(model, unet=laid.unet, text_encoder=laid.text_encoder), SHIPPED, ())
    return [
        other.draw(replace(request, adapter=None)) if request.adapter == DREAMBOOTH else plain.draw(request)
        for request in requests
    ]


def difference(png: bytes | None, picture: Image.Image) -> Figures:
    """How far two pictures are apart, over all channels of all pixels, in 1/255; ``far_share`` is of the pixels."""
    if png is None:
        return {"failed": True}
    drawn = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(np.int16)
    off = np.abs(drawn - np.asarray(picture.convert("RGB")).astype(np.int16))
    return {
        "largest": int(off.max()),
        "mean": float(off.mean()),
        "far_share": float((off.max(-1) > FAR).mean()),
    }


def waits(requests: Sequence[Request]) -> Figures:
    """Where the engine's threads wait for the card while it draws: file and line, and how often, as CUDA reports it."""
    ours, card = Ours(load_model("nano"), SHIPPED), torch.cuda.is_available()
    ours.serve(requests)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        if card:
            torch.cuda.set_sync_debug_mode("warn")
        try:
            ours.serve(requests)
        finally:
            if card:
                torch.cuda.set_sync_debug_mode("default")
    ours.engine.stop()
    places = Counter(f"{short(one.filename)}:{one.lineno}" for one in heard if "synchroniz" in str(one.message))
    return {"calls": ours.calls, "waits": places.total(), "by_place": dict(places.most_common(20))}


def short(file: str) -> str:
    """The last three parts of a path."""
    return "/".join(Path(file).parts[-3:])


def equal_requests(adapters: Sequence[str], count: int, steps: int) -> list[Request]:
    """Requests that come and go together, so that the rows of a call stay the same: for compiled U-Nets."""
    kinds = [None, *adapters[:3]]
    return [Request(f"a fox, number {seed}", seed, steps, adapter=kinds[seed % len(kinds)]) for seed in range(count)]


def served(ours: Ours, requests: Sequence[Request], flops: int, peak: float | None) -> Figures:
    """The engine's pictures and U-Net calls a second, of requests that are all there at once."""
    calls, rows = ours.calls, ours.rows
    outcome, memory = with_memory(lambda: ours.serve(requests))
    calls, rows = ours.calls - calls, ours.rows - rows
    figures = {
        "pictures_a_second": len(requests) / outcome.seconds,
        "failures": outcome.failures,
        "calls_a_second": calls / outcome.seconds,
        "rows_a_call": rows / calls,
        "peak_bytes": memory,
        "waits": sorted(outcome.waits),
    }
    return figures | ({"share_of_peak": flops * rows / outcome.seconds / 1e12 / peak} if peak else {})


def against_today(today: Today, ours: Ours, requests: Sequence[Request], flops: int, peak: float | None) -> Figures:
    """The same requests on both sides; ``ratio`` is the engine's speed to that of today's way."""
    before, memory = with_memory(lambda: today.serve(requests))
    after = served(ours, requests, flops, peak)
    speed = len(requests) / before.seconds
    figures = {f"ours_{key}": value for key, value in after.items()}
    return {
        "ratio": after["pictures_a_second"] / speed,
        "today_pictures_a_second": speed,
        "today_peak_bytes": memory,
        **figures,
    }


def with_memory(serve: Callable[[], Outcome]) -> tuple[Outcome, int | None]:
    """What was answered, and the most bytes of the card that were in use meanwhile."""
    if not torch.cuda.is_available():
        return serve(), None
    torch.cuda.reset_peak_memory_stats()
    return serve(), torch.cuda.max_memory_allocated()


class Compiled:
    """The engine with a compiled U-Net of its own."""

    def __init__(self, model: Model, folder: Path, backend: str, most_rows: int) -> None:
        own = replace(model, unet=copy.deepcopy(model.unet), text_encoder=copy.deepcopy(model.text_encoder))
        self.ours = Ours(own, folder, max_batch=most_rows, adapter_slots=8, max_rank=16)
        self.ours.engine.compile(backend)

    def prepare(self, rows: int, flops: int, peak: float | None) -> Figures:
        """Make the graph of ``rows`` rows and time its call; adapters' layers are part of it."""
        engine = self.ours.engine
        begun = time.perf_counter()
        engine.blank_step(rows)
        wait(engine.model.device)
        took = time.perf_counter() - begun
        seconds, host = seconds_of(lambda: engine.blank_step(rows), engine.model.device, 5)
        figures = {"compile_seconds": took, "milliseconds": 1e3 * seconds, "host_milliseconds": 1e3 * host}
        figures |= {"rows_a_second": rows / seconds}
        return figures | ({"share_of_peak": flops * rows / seconds / 1e12 / peak} if peak else {})

    def serve(self, requests: Sequence[Request], flops: int, peak: float | None) -> Figures:
        """As ``served``; what has no graph is run as it is, so that nothing is compiled meanwhile."""
        with torch.compiler.set_stance("eager_on_recompile"):
            return served(self.ours, requests, flops, peak)
