"""The first minutes on a card: does the engine draw there, how fast, and what does it wait for? See docs/gpu.md.

``python benchmarks/gpu.py [--rehearse] [--json FILE] [--budget SECONDS] [--only CASE]``

At full size Stable Diffusion 2.1's with random weights, and nano. Every case is written to the file as soon as it is
over; one that fails is written down as well, and one for which the time no longer suffices is skipped. Without a card,
or with ``--rehearse``, everything is small and shows only that it runs: its figures say nothing.
"""

from __future__ import annotations

import argparse
import faulthandler
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch

from benchmarks import gpu_calls, gpu_cases
from benchmarks.contenders import Ours, Request, Today, write_loras
from benchmarks.engine_cases import mixed_requests
from benchmarks.engine_report import random_sd21
from benchmarks.gpu_cases import Compiled
from benchmarks.gpu_record import Case, Figures, Record, environment, summary
from engine.protocol import SAMPLERS

GRACE = 30.0
"""Seconds beyond the budget after which the process ends itself, whatever it is doing."""


@dataclass(frozen=True)
class Scale:
    """How large everything is."""

    width: int
    """Channels of the U-Net's first block."""
    side: int
    """Cells of a latent's side."""
    matrix: int
    rows: tuple[int, ...]
    requests: tuple[int, ...]
    """How many there are at once."""
    compiled: tuple[int, ...]
    """How many there are at once with a compiled U-Net: what tells most comes first, each takes a minute or more."""
    steps: tuple[int, ...]
    """Denoising steps of mixed requests."""
    nano_steps: int
    nano_samplers: tuple[str, ...]
    backend: str
    """Backend of ``torch.compile``."""


FULL = Scale(
    320, 64, 8192, (1, 2, 8, 16, 32, 64), (1, 8, 32), (8, 1, 32), (10, 15, 20, 25, 30), 6, tuple(SAMPLERS), "inductor"
)
REHEARSAL = Scale(64, 8, 256, (1, 2), (1, 2), (2, 1), (2, 3), 2, ("euler-a", "unipc", "dpm++-sde", "ddim"), "eager")


class Bench:
    """The model, both sides and what was measured so far; each is made by the first case that needs it."""

    def __init__(self, scale: Scale, folder: Path) -> None:
        self.scale = scale
        self.folder = folder
        self.peak: float | None = None
        """Teraflops of bfloat16 matrix products on this card."""
        self.flops = 0
        """Operations of one row of the U-Net."""
        self.compile_seconds = 100.0

    @cached_property
    def model(self) -> Any:
        return random_sd21(self.scale.width, self.scale.side)

    @cached_property
    def nano_requests(self) -> list[Request]:
        return gpu_cases.nano_requests(self.scale.nano_steps, self.scale.nano_samplers)

    @cached_property
    def adapters(self) -> list[str]:
        return write_loras(self.folder, self.model, 8)

    @cached_property
    def calls(self) -> gpu_calls.Calls:
        return gpu_calls.Calls(self.model, self.folder, self.adapters)

    @cached_property
    def today(self) -> Today:
        return Today(self.model, self.folder, self.adapters[:3])

    @cached_property
    def compiled(self) -> Compiled:
        rows = 2 * max(self.scale.requests)
        return Compiled(self.model, self.folder, self.scale.backend, rows)

    @cached_property
    def ours(self) -> Ours:
        """Made last: it gives the model's own U-Net slots."""
        return Ours(self.model, self.folder)

    def stop(self) -> None:
        """End the engines' threads."""
        made = [vars(self).get("ours"), compiled.ours if (compiled := vars(self).get("compiled")) else None]
        for side in made:
            if side:
                side.engine.stop()

    def peaks(self) -> Figures:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        figures = gpu_calls.peaks(device, self.scale.matrix)
        self.peak = figures["bfloat16_teraflops" if device.type == "cuda" else "float32_teraflops"]
        return figures

    def build(self) -> Figures:
        """The model and both sides, and what the engine has room for on this card."""
        self.flops = self.calls.flops()
        warm = [Request("a fox", seed, 2, adapter=name) for seed, name in enumerate([None, *self.adapters[:3]])]
        self.today.serve(warm)
        assert self.compiled  # copied before the model's own U-Net gets slots
        self.ours.serve(warm)
        card = self.model.device.type == "cuda"
        return {
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "teraflop_a_row": self.flops / 1e12,
            "bytes": torch.cuda.memory_allocated() if card else None,
            "capacity": vars(self.ours.engine.capacity),
        }

    def pictures(self, dtype: str, precision: str) -> Figures:
        return gpu_cases.pictures(dtype, precision, self.nano_requests)

    def waits(self) -> Figures:
        return gpu_cases.waits(self.nano_requests)

    def samplers(self) -> Figures:
        return gpu_calls.sampler_table(self.model, 10)

    def call_table(self) -> Figures:
        return gpu_calls.call_table(self.calls, self.scale.rows, self.peak)

    def profile(self) -> Figures:
        return gpu_calls.profile_call(self.calls, self.scale.rows[-2])

    def against_today(self, count: int) -> Figures:
        requests = mixed_requests(self.adapters, count, self.scale.steps)
        return gpu_cases.against_today(self.today, self.ours, requests, self.flops, self.peak)

    def compile(self, rows: int) -> Figures:
        figures = self.compiled.prepare(rows, self.flops, self.peak)
        self.compile_seconds = 1.2 * figures["compile_seconds"]
        return figures

    def serve_compiled(self, count: int) -> Figures:
        """Equal steps, so that nearly all calls have a graph; the plain engine beside it."""
        requests = gpu_cases.equal_requests(self.adapters, count, self.scale.steps[-2])
        plain = gpu_cases.served(self.ours, requests, self.flops, self.peak)
        compiled = self.compiled.serve(requests, self.flops, self.peak)
        ratio = compiled["pictures_a_second"] / plain["pictures_a_second"]
        return {"ratio_to_plain": ratio, **compiled, "plain": plain}

    def today_compiled(self) -> Figures:
        """One request without adapters after another, since each change of adapters would compile anew."""
        request = [Request("a fox", 0, self.scale.steps[-1])]
        plain = self.today.serve(request).seconds
        self.today.compile(self.scale.backend)
        first = self.today.serve(request).seconds
        return {"seconds": plain, "first_seconds": first, "compiled_seconds": self.today.serve(request).seconds}


def cases(bench: Bench) -> Iterator[Case]:
    """In the order of what has to be known first; the seconds that a case needs are asked when its turn comes."""
    yield Case("peaks", 5, bench.peaks)
    yield Case("nano-float32", 15, partial(bench.pictures, "float32", "ieee"))
    yield Case("nano-bfloat16", 15, partial(bench.pictures, "bfloat16", "ieee"))
    yield Case("nano-tf32", 15, partial(bench.pictures, "float32", "tf32"))
    yield Case("waits", 10, bench.waits)
    yield Case("build", 30, bench.build)
    yield Case("samplers", 5, bench.samplers)
    yield Case("calls", 15, bench.call_table)
    for count in bench.scale.requests:
        yield Case(f"served-{count}", 3 + 1.5 * count, partial(bench.against_today, count))
    yield Case("profile", 10, bench.profile)
    for count in bench.scale.compiled:
        yield Case(f"compile-{2 * count}", bench.compile_seconds, partial(bench.compile, 2 * count))
        yield Case(f"compiled-{count}", 2 + count, partial(bench.serve_compiled, count))
    yield Case("today-compiled", bench.compile_seconds, bench.today_compiled)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rehearse", action="store_true", help="small, on whatever there is")
    parser.add_argument("--json", type=Path, default=Path("runs/gpu.json"), help="the file (default: %(default)s)")
    parser.add_argument("--budget", type=float, default=270.0, help="seconds in all (default: %(default)g)")
    parser.add_argument("--only", action="append", help="run only this case; may be repeated")
    options = parser.parse_args(arguments)
    rehearsal = options.rehearse or not torch.cuda.is_available()
    record = Record(options.json, options.budget, environment(rehearsal=rehearsal))
    faulthandler.dump_traceback_later(options.budget + GRACE, exit=True)
    try:
        measure(record, REHEARSAL if rehearsal else FULL, options.only)
    finally:
        faulthandler.cancel_dump_traceback_later()
    for name, outcome in record.cases.items():
        record.say(f"{name}: {summary(outcome)}")
    record.say(f"written to {options.json}")


def measure(record: Record, scale: Scale, only: Sequence[str] | None) -> None:
    """Take every case, or those of ``only``."""
    record.say(f"{'a rehearsal' if scale is REHEARSAL else 'full size'}: {record.environment['card'] or 'no card'}")
    record.write()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(scale, Path(folder))
        for case in cases(bench):
            if not only or case.name in only:
                record.take(case)
        bench.stop()
