"""How far what members are told of the time left is from what it took: ``python -m benchmarks.eta``.

Draws with the engine at ``--url``, which should have nothing else to do: requests of several users that come at random,
some alone and some in crowds. Every expectation of every request is kept with the time that was really left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.engine_link.client import EngineClient
from engine.protocol import GenerationRequest, ProgressEvent

USERS, STEPS, COUNTS = 5, (6, 12, 25), (1, 1, 2)
"""How many members there are, and what they choose among."""


@dataclass(frozen=True)
class Told:
    """An expectation: what was said, and what was left in truth; seconds."""

    expected: float
    left: float

    @property
    def error(self) -> float:
        return abs(self.expected - self.left)


async def draw(engine: EngineClient, request: GenerationRequest, delay: float) -> list[Told]:
    """One request, ``delay`` seconds from now: everything that was told of it."""
    await asyncio.sleep(delay)
    events = [(time.monotonic(), event) async for event in engine.draw(request)]
    progress = [(at, event.eta_seconds) for at, event in events if isinstance(event, ProgressEvent)]
    end = time.monotonic()
    return [Told(eta, end - at) for at, eta in progress if eta is not None]


async def measure(url: str, jobs: int, seed: int) -> list[list[Told]]:
    """What was told of each of ``jobs`` requests."""
    chance, delay, waiting = random.Random(seed), 0.0, []
    async with EngineClient(url) as engine:
        for number in range(jobs):
            delay += chance.choice((0.0, 0.0, chance.expovariate(0.5)))
            request = GenerationRequest(
                prompt=f"a red fox {number}",
                n=chance.choice(COUNTS),
                num_inference_steps=chance.choice(STEPS),
                user=f"user {chance.randrange(USERS)}",
                stream=True,
                progress=True,
            )
            waiting.append(draw(engine, request, delay))
        return await asyncio.gather(*waiting)


def summary(told: Sequence[Sequence[Told]]) -> dict[str, float]:
    """The middle and the worst tenth of the errors, seconds; ``bias``: what was said too little on average."""
    every = [one for job in told for one in job]
    errors = [one.error for one in every]
    return {
        "requests": len(told),
        "told": len(every),
        "left_median": statistics.median(one.left for one in every),
        "error_median": statistics.median(errors),
        "error_p90": statistics.quantiles(errors, n=10)[8],
        "bias": statistics.fmean(one.left - one.expected for one in every),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8801")
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    told = asyncio.run(measure(options.url, options.jobs, options.seed))
    print(json.dumps({name: round(value, 2) for name, value in summary(told).items()}))


if __name__ == "__main__":
    main()
