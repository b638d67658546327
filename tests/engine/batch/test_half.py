"""bfloat16: how far the engine's pictures may be from the bfloat16 pipeline's, as ``docs/engine.md`` says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from engine import nano
from engine.protocol import SAMPLERS
from tests.engine_kit.judge import Pixels, Wish, draw, load_pipeline
from tests.engine_kit.live import Live, serve

MEAN_OFF = 4.0
"""The mean of a picture's channels, in 1/255."""
FAR = 20
"""Where an edge has moved by a pixel, in 1/255."""
FAR_SHARE = 0.05
"""Of a picture's pixels."""
BOTH = 1.5
"""Times the pipeline's own distance from its float32 picture may be the engine's from the pipeline, where that is more:
two roundings that know nothing of each other are the square root of two as far apart as each is from what is exact."""
WISHES = [
    Wish(seed=index, sampler=sampler, guidance_scale=(1.0, 5.0, 9.0)[index % 3], num_inference_steps=4 + index % 3)
    for index, sampler in enumerate(list(SAMPLERS)[::2])
]


@dataclass(frozen=True)
class Judged:
    """The pipeline's pictures of one wish, in bfloat16 and in float32."""

    half: Pixels
    exact: Pixels

    def accepts(self, drawn: Pixels) -> bool:
        return all(
            off(drawn, self.half) <= max(bound, BOTH * off(self.half, self.exact))
            for off, bound in ((mean_off, MEAN_OFF), (far_share, FAR_SHARE))
        )


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serve("nano", dtype="bfloat16") as live:
        assert live.engine.model.dtype == torch.bfloat16
        yield live


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    """What the pipeline draws for each of the wishes."""
    exact: Any = load_pipeline(nano.WEIGHTS)
    half: Any = load_pipeline(nano.WEIGHTS).to(torch.bfloat16)
    return [Judged(draw(half, wish), draw(exact, wish)) for wish in WISHES]


def mean_off(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one - other).mean())


def far_share(one: Pixels, other: Pixels) -> float:
    return float((np.abs(one - other).max(-1) > FAR).mean())


@pytest.mark.parametrize("index", [1, 2])
def test_a_picture_drawn_alone_is_close_to_the_pipelines(live: Live, judged: list[Judged], index: int) -> None:
    assert judged[index].accepts(live.draw(WISHES[index]))


def test_pictures_of_a_mixed_batch_are_close_to_the_pipelines(live: Live, judged: list[Judged]) -> None:
    for wish, drawn, wanted in zip(WISHES, live.draw_together(WISHES), judged, strict=True):
        assert wanted.accepts(drawn), wish


def test_another_seed_is_farther_off(judged: list[Judged]) -> None:
    """Otherwise the comparisons above could not fail."""
    assert all(mean_off(one.half, other.half) > 5 * MEAN_OFF for one, other in pairwise(judged))
    assert not any(one.accepts(other.half) for one, other in pairwise(judged))
