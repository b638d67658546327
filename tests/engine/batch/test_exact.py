"""For equal weights and parameters the engine's picture is the pipeline's, alone or in a mixed batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import nano
from engine.diffusion.model import display_name
from engine.protocol import SAMPLERS
from tests.engine_kit.judge import SCHEDULERS, Wish, difference, draw, load_pipeline
from tests.engine_kit.live import Live, serve
from tests.kit.models import write_sd21

MIXED = [
    Wish(
        prompt=f"prompt {index}",
        sampler=sampler,
        seed=index,
        guidance_scale=(1.0, 5.0, 9.0)[index % 3],
        num_inference_steps=3 + index % 4,
    )
    for index, sampler in enumerate(SAMPLERS)
]


@pytest.fixture(scope="module", params=["nano", "v_prediction", "epsilon"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Any]]:
    """The engine and the pipeline, both with one model."""
    model = request.param
    folder = nano.WEIGHTS if model == "nano" else write_sd21(tmp_path_factory.mktemp("sd21") / model, model)
    with serve("nano" if model == "nano" else folder) as live:
        yield live, load_pipeline(folder)


def test_every_sampler_is_judged() -> None:
    assert set(SCHEDULERS) == set(SAMPLERS.values())


@pytest.mark.parametrize("pair", ["nano", "v_prediction"], indirect=True)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_picture_drawn_alone_is_the_pipelines(pair: tuple[Live, Any], sampler: str) -> None:
    live, pipeline = pair
    wish = Wish(sampler=sampler)
    assert difference(live.draw(wish), draw(pipeline, wish)) <= 1


def test_pictures_of_a_mixed_batch_are_the_pipelines(pair: tuple[Live, Any]) -> None:
    live, pipeline = pair
    for wish, drawn in zip(MIXED, live.draw_together(MIXED), strict=True):
        assert difference(drawn, draw(pipeline, wish)) <= 1, wish


def test_a_picture_of_another_shape_is_the_pipelines(pair: tuple[Live, Any]) -> None:
    live, pipeline = pair
    wish = Wish(size="72x96")
    assert difference(live.draw(wish), draw(pipeline, wish)) <= 1


@pytest.mark.parametrize("pair", ["nano"], indirect=True)
def test_the_same_request_twice_gives_the_same_bytes(pair: tuple[Live, Any]) -> None:
    live, _ = pair
    body = Wish(sampler="euler-a").body()
    assert live.post(body).json()["data"] == live.post(body).json()["data"]


@pytest.mark.parametrize("pair", ["v_prediction"], indirect=True)
def test_prompts_seeds_and_guidance_all_matter(pair: tuple[Live, Any]) -> None:
    """Otherwise the comparisons above could not fail."""
    live, _ = pair
    first = live.draw(Wish())
    others = [Wish(prompt="a castle"), Wish(seed=778), Wish(guidance_scale=1.0), Wish(negative_prompt="a castle")]
    assert all(difference(first, live.draw(other)) > 1 for other in others)


def test_model_folders_are_named_by_their_last_part(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert display_name(str(tmp_path / "mine")) == "mine"
