"""bfloat16: how far the engine's pictures may be from the bfloat16 pipeline's, as ``docs/engine.md`` says."""

from __future__ import annotations

from collections.abc import Iterator
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
WISHES = [
    Wish(seed=index, sampler=sampler, guidance_scale=(1.0, 5.0, 9.0)[index % 3], num_inference_steps=4 + index % 3)
    for index, sampler in enumerate(list(SAMPLERS)[::2])
]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serve("nano", dtype="bfloat16") as live:
        assert live.engine.model.dtype == torch.bfloat16
        yield live


@pytest.fixture(scope="module")
def judged() -> list[Pixels]:
    """What the bfloat16 pipeline draws for each of the wishes."""
    pipeline: Any = load_pipeline(nano.WEIGHTS).to(torch.bfloat16)
    return [draw(pipeline, wish) for wish in WISHES]


def mean_off(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one - other).mean())


def far_share(one: Pixels, other: Pixels) -> float:
    return float((np.abs(one - other).max(-1) > FAR).mean())


@pytest.mark.parametrize("index", [1, 2])
def test_a_picture_drawn_alone_is_close_to_the_pipelines(live: Live, judged: list[Pixels], index: int) -> None:
    drawn = live.draw(WISHES[index])
    assert mean_off(drawn, judged[index]) <= MEAN_OFF
    assert far_share(drawn, judged[index]) <= FAR_SHARE


def test_pictures_of_a_mixed_batch_are_close_to_the_pipelines(live: Live, judged: list[Pixels]) -> None:
    for wish, drawn, wanted in zip(WISHES, live.draw_together(WISHES), judged, strict=True):
        assert mean_off(drawn, wanted) <= MEAN_OFF, wish
        assert far_share(drawn, wanted) <= FAR_SHARE, wish


def test_another_seed_is_farther_off(judged: list[Pixels]) -> None:
    """Otherwise the comparisons above could not fail."""
    assert all(mean_off(one, other) > 5 * MEAN_OFF for one, other in pairwise(judged))
