"""What the engine's benchmark measures; each case draws the same requests on both sides."""

from __future__ import annotations

import copy
import random
import resource
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import torch

from benchmarks.contenders import Ours, Request, Today
from engine.diffusion.model import Model

Measured = dict[str, Any]
WARM_UP = 5
"""Waves through all adapters before memory is first read, so that the allocator has mostly settled."""


STEPS = (10, 15, 20, 25, 30, 40, 50)


def mixed_requests(adapters: list[str], count: int = 24, steps: Sequence[int] = STEPS) -> list[Request]:
    """Base and three LoRAs, guidance 1 and 5 to 9, 10 to 50 steps, in random order."""
    dice = random.Random(0)
    kinds = [None, *adapters[:3]]
    return [
        Request(
            f"a fox, number {index}",
            seed=index,
            steps=dice.choice(steps),
            guidance=dice.choice([1.0, 5.0, 6.0, 7.5, 9.0]),
            adapter=kinds[index % len(kinds)],
        )
        for index in range(count)
    ]


def mixed_throughput(today: Today, ours: Ours, adapters: list[str]) -> Measured:
    """Pictures a second of 24 mixed requests that are all there at once."""
    requests = mixed_requests(adapters)
    before, after = today.serve(requests), ours.serve(requests)
    count = len(requests)
    return {
        "mixed_throughput_ratio": before.seconds / after.seconds,
        "mixed_today_pictures_a_second": count / before.seconds,
        "mixed_ours_pictures_a_second": count / after.seconds,
        "mixed_failures": after.failures,
    }


def short_waits(today: Today, ours: Ours, adapters: list[str]) -> Measured:
    """10-step requests that arrive among 50-step ones, about as fast as today's way can draw them."""
    probe = today.serve([Request("a fox", seed=1, steps=10)]).seconds
    dice = random.Random(1)
    requests, clock = [], 0.0
    for index in range(24):
        steps = 10 if index % 2 else 50
        adapter = dice.choice([None, *adapters[:3]])
        requests.append(Request(f"a fox, number {index}", index, steps, adapter=adapter, at=clock))
        clock += 2.5 * probe
    before, after = today.serve(requests), ours.serve(requests)
    short = [index for index, request in enumerate(requests) if request.steps == 10]
    waits = {side: [outcome.waits[index] for index in short] for side, outcome in (("today", before), ("ours", after))}
    p90 = {side: quantiles(values, n=10)[-1] for side, values in waits.items()}
    return {
        "short_wait_p90_ratio": p90["ours"] / p90["today"],
        "short_wait_p90_today_seconds": p90["today"],
        "short_wait_p90_ours_seconds": p90["ours"],
        "short_waits_today": waits["today"],
        "short_waits_ours": waits["ours"],
    }


def heterogeneous_speed(ours: Ours, adapters: list[str], rounds: int = 5) -> Measured:
    """Eight different adapters in one batch against eight times the same."""
    times: dict[str, list[float]] = {"equal": [], "different": []}
    for _ in range(rounds):
        for side, measured in times.items():
            names = adapters[:8] if side == "different" else [adapters[0]] * 8
            requests = [Request("a fox", seed, steps=15, adapter=name) for seed, name in enumerate(names)]
            measured.append(ours.serve(requests).seconds)
    return {
        "heterogeneous_speed_ratio": median(times["equal"]) / median(times["different"]),
        "equal_batch_seconds": times["equal"],
        "different_batch_seconds": times["different"],
    }


def lone_request(today: Today, ours: Ours, rounds: int = 9) -> Measured:
    """One request while nothing else is drawn; the sides take turns."""
    times: dict[str, list[float]] = {"today": [], "ours": []}
    for seed in range(rounds):
        request = [Request("a fox", seed, steps=25)]
        times["today"].append(today.serve(request).seconds)
        times["ours"].append(ours.serve(request).seconds)
    return {
        "lone_request_ratio": median(times["ours"]) / median(times["today"]),
        "lone_today_seconds": times["today"],
        "lone_ours_seconds": times["ours"],
    }


def swaps(ours: Ours, adapters: list[str], count: int = 300) -> Measured:
    """Requests that each need another adapter than the ones before, through all slots again and again."""

    def wave(start: int) -> list[Request]:
        seeds = range(start, min(start + len(adapters), count))
        names = [adapters[seed % len(adapters)] for seed in seeds]
        return [Request("a fox", seed, 1, 1.0, name) for seed, name in zip(seeds, names, strict=True)]

    failures = sum(ours.serve(wave(0)).failures for _ in range(WARM_UP))
    before, done = resident_bytes(), ours.swaps
    outcomes = [ours.serve(wave(start)) for start in range(0, count, len(adapters))]
    return {
        "swap_failures": failures + sum(outcome.failures for outcome in outcomes),
        "swap_memory_growth": resident_bytes() / before - 1,
        "swap_seconds": sum(outcome.seconds for outcome in outcomes),
        "swap_requests": count,
        "swap_count": ours.swaps - done,
    }


def recompiles(model: Model, folder: Path, adapters: list[str]) -> Measured:
    """Graphs that a compiled U-Net needs beyond the first of each row count, over mixes and swaps."""
    graphs = 0

    def count(graph: Any, inputs: Any) -> Any:
        nonlocal graphs
        graphs += 1
        return graph.forward

    torch.compiler.reset()
    own = replace(model, unet=copy.deepcopy(model.unet), text_encoder=copy.deepcopy(model.text_encoder))
    ours = Ours(own, folder, max_batch=4, adapter_slots=4, max_rank=8)
    ours.engine.compile(count)
    first = [Request("a fox", 0, 2, adapter=adapters[0])]
    for rows in (1, 2):
        ours.serve([Request("a fox", seed, 2, adapter=adapters[0]) for seed in range(rows)])
    ours.serve([Request("a fox", 0, 2, guidance=1.0, adapter=adapters[0])])
    warm = graphs
    ours.serve(mixed_requests(adapters, 6))
    ours.serve([Request("a fox", seed, 2, adapter=name) for seed, name in enumerate(adapters[:12])])
    ours.serve(first)
    ours.engine.stop()
    torch.compiler.reset()
    return {"recompiles": graphs - warm, "graphs": warm}


def resident_bytes() -> float:
    """Resident memory of this process, now."""
    status = Path("/proc/self/statm")
    if status.exists():
        return float(status.read_text().split()[1]) * resource.getpagesize()
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
