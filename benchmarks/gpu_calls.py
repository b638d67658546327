"""What the card itself can do, and what one U-Net call takes of it."""

from __future__ import annotations

import copy
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.autograd import DeviceType  # type: ignore[attr-defined]
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from adapters.registry import Registry
from benchmarks.gpu_record import Figures
from engine.adapters.cache import AdapterCache
from engine.adapters.slots import RowUse, SlotBank
from engine.batch.runner import Runner
from engine.diffusion.model import Model
from engine.plan import ModelFacts
from engine.protocol import SAMPLERS, AdapterUse
from engine.samplers.sampling import Sampling, build_sampler

KINDS = {
    "adapters": ("aten::bmm", "aten::baddbmm", "aten::index_select"),
    "convolutions": ("conv",),
    "matrix products": ("mm", "linear"),
    "attention": ("attention", "flash"),
    "norms": ("norm",),
    "copies": ("copy", "cat", "clone", "to_copy", "contiguous"),
}
"""The first kind counts of which a piece is in an operation's name; all others are "other", mostly elementwise."""


class Calls:
    """U-Net calls of a model, with LoRAs in their slots and no engine around them."""

    def __init__(self, model: Model, folder: Path, adapters: Sequence[str]) -> None:
        self.model = replace(model, unet=copy.deepcopy(model.unet))
        self._bank = SlotBank(self.model.unet, len(adapters))
        self._runner = Runner(self._bank)
        facts = ModelFacts(model.name, model.native, model.prediction_type)
        cache = AdapterCache(self.model, facts, Registry([folder]), lora_mb=4096, variant_mb=0, max_rank=128)
        self._loras = [cache.acquire([AdapterUse(name=name)]).loras[0][0] for name in adapters]

    def call(self, rows: int, *, adapted: bool) -> Callable[[], torch.Tensor]:
        """A call of ``rows`` rows of random latents; *if* ``adapted`` each row has one of the LoRAs."""
        latents, times, texts = self.model.blank_rows(rows)
        shown = [torch.randn_like(latents), times + 500, torch.randn_like(texts)]
        known = {lora.key: lora.file.unet for lora in self._loras}
        keys = [self._loras[row % len(self._loras)].key for row in range(rows)]
        uses: list[RowUse] = [[(key, 1.0)] if adapted else [] for key in keys]
        return lambda: self._runner.call(self.model.unet, *shown, uses=uses, known=known)

    def flops(self) -> int:
        """Operations of one row without adapters, additions and multiplications counted apart."""
        counter = FlopCounterMode(display=False)
        with torch.no_grad(), counter:  # inference mode hides the operations that are counted
            latents, times, texts = self.model.blank_rows(1)
            self.model.unet(latents, times, encoder_hidden_states=texts)
        return int(counter.get_total_flops())


def wait(device: torch.device) -> None:
    """Until the card has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of(call: Callable[[], object], device: torch.device, repeats: int) -> tuple[float, float]:
    """Median seconds of a call and, of these, until the host was free again."""
    call()
    whole, host = [], []
    for _ in range(repeats):
        wait(device)
        begun = time.perf_counter()
        call()
        host.append(time.perf_counter() - begun)
        wait(device)
        whole.append(time.perf_counter() - begun)
    return median(whole), median(host)


@contextmanager
def float32_products(precision: str) -> Any:
    """Convolutions and matrix products of float32 as ``ieee`` or ``tf32`` while it is entered; on a card alone."""
    places: tuple[Any, ...] = (torch.backends.cuda.matmul, getattr(torch.backends.cudnn, "conv"))  # noqa: B009 - no stub
    before = [place.fp32_precision for place in places]
    try:
        for place in places:
            place.fp32_precision = precision
        yield
    finally:
        for place, old in zip(places, before, strict=True):
            place.fp32_precision = old


def peaks(device: torch.device, side: int) -> Figures:
    """The fastest that the card multiplies square matrices and copies: what all other figures are shares of."""
    kinds = {"float32": ("ieee", torch.float32), "tf32": ("tf32", torch.float32), "bfloat16": ("ieee", torch.bfloat16)}
    figures: Figures = {"side": side}
    for name, (precision, dtype) in kinds.items():
        left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        with float32_products(precision):
            seconds, _ = seconds_of(lambda a=left, b=right: a @ b, device, 10)  # type: ignore[misc]
        figures[f"{name}_teraflops"] = 2 * side**3 / seconds / 1e12
    block = torch.randn(4 * side, side, device=device)
    there = torch.empty_like(block)
    seconds, _ = seconds_of(lambda: there.copy_(block), device, 10)
    return figures | {"copy_gigabytes_a_second": 2 * block.nbytes / seconds / 1e9}


def call_table(calls: Calls, rows: Sequence[int], peak: float | None) -> Figures:
    """Calls of each number of rows, without adapters and with one for each row; in both memory layouts at the ends."""
    flops, device = calls.flops(), calls.model.device
    table = []

    def measure(count: int, layout: str, *, adapted: bool) -> None:
        seconds, host = seconds_of(calls.call(count, adapted=adapted), device, 5)
        row = {"rows": count, "adapters": adapted, "layout": layout, "milliseconds": 1e3 * seconds}
        row |= {"host_milliseconds": 1e3 * host, "rows_a_second": count / seconds}
        row |= {"share_of_peak": flops * count / seconds / 1e12 / peak} if peak else {}
        table.append(row)

    for count in rows:
        for adapted in (False, True):
            measure(count, "channels_last", adapted=adapted)
    calls.model.unet.to(memory_format=torch.contiguous_format)
    for count in (rows[0], rows[-1]):
        measure(count, "contiguous", adapted=False)
    calls.model.unet.to(memory_format=torch.channels_last)
    best = max(float(str(row["rows_a_second"])) for row in table)
    return {"teraflop_a_row": flops / 1e12, "best_rows_a_second": best, "table": table}


def sampler_table(model: Model, steps: int) -> Figures:
    """Host milliseconds of a step of each sampler: the card does little then, but waits if the host is slow."""
    side = model.native // model.vae_scale_factor
    shape = (int(model.unet.config.in_channels), side, side)
    figures: Figures = {}
    for sampler in SAMPLERS:
        scheduler = build_sampler(sampler, model.noise_schedule, 7)
        sampling = Sampling(scheduler, steps, 7, shape, model.device, model.dtype)
        output = torch.randn_like(sampling.latent)
        wait(model.device)
        begun = time.perf_counter()
        with torch.inference_mode():
            while not sampling.done:
                sampling.model_input()
                sampling.advance(output)
        figures[sampler] = 1e3 * (time.perf_counter() - begun) / sampling.calls
    return {"slowest": max(figures, key=lambda name: figures[name]), "host_milliseconds": figures}


def profile_call(calls: Calls, rows: int) -> Figures:
    """Time by kind of operation, in a call with an adapter for each row; the longest kernels by name."""
    card = calls.model.device.type == "cuda"
    call = calls.call(rows, adapted=True)
    call()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if card else [])]
    with profile(activities=activities) as found:
        call()
        wait(calls.model.device)
    times: Counter[str] = Counter()
    kernels: Counter[str] = Counter()
    for event in found.key_averages():
        spent = event.self_device_time_total if card else event.self_cpu_time_total
        if event.device_type == DeviceType.CPU:
            times[kind_of(event.key)] += spent / 1e3
        else:
            kernels[event.key[:120]] += spent / 1e3
    whole = sum(times.values()) or 1.0
    shares = {kind: spent / whole for kind, spent in times.most_common()}
    longest = [{"kernel": name, "milliseconds": spent} for name, spent in kernels.most_common(25)]
    return {"rows": rows, "milliseconds": whole, "share_by_kind": shares, "longest": longest}


def kind_of(operation: str) -> str:
    return next((kind for kind, pieces in KINDS.items() if any(piece in operation for piece in pieces)), "other")
