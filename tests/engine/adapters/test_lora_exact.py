"""Adapters of every layout draw, once they were added, what diffusers draws with them as they were found."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.publishing.adding import adopt_adapter
from tests.engine_kit.adapters import complete_checkpoint, write_dreambooth, write_lora, write_peft
from tests.engine_kit.judge import Pixels, Wish, difference, draw, load_pipeline, twin
from tests.engine_kit.live import Live, serve
from tests.kit.models import write_sd21

LAYOUTS = {"modern": "diffusers", "classic": "diffusers-old", "kohya": "kohya"}


@dataclass
class Studio:
    """The engine, the folders, and the pipeline that judges."""

    live: Live
    pipeline: Any
    base: Path
    found: Path
    """Folder of the LoRAs as they are found in the wild."""
    adapters: Path

    def judge(self, wish: Wish) -> Pixels:
        """What diffusers draws with the adapters loaded as its documentation says."""
        pipeline = twin(self.pipeline)
        loras = [(name, weight) for name, weight in wish.adapters if name != "dream"]
        if len(loras) < len(wish.adapters):
            for component, tensors in complete_checkpoint(self.adapters / "dream", self.base).items():
                getattr(pipeline, component).load_state_dict(tensors)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`")  # that is what two adapters are
            for name, _ in loras:
                pipeline.load_lora_weights(self.found / name, adapter_name=name)
        if loras:
            pipeline.set_adapters([name for name, _ in loras], [weight for _, weight in loras])
        return draw(pipeline, wish)


@pytest.fixture(scope="module", params=["v_prediction", "epsilon"])
def studio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    root = tmp_path_factory.mktemp("studio")
    base = write_sd21(root / "small", request.param)
    for index, (name, layout) in enumerate(LAYOUTS.items()):
        alpha = 6.0 if layout == "kohya" else None
        fields: Any = {"layout": layout, "rank": 2 + 3 * index, "alpha": alpha, "seed": index}
        adopt_adapter(write_lora(root / "found" / name, base, base_model=str(base), **fields), root / "adapters")
    write_dreambooth(root / "adapters" / "dream", base)
    with serve(base, root / "adapters", adapter_slots=4) as live:
        yield Studio(live, load_pipeline(base), base, root / "found", root / "adapters")


WISHES = [
    Wish(seed=1, adapters=(("modern", 1.0),)),
    Wish(seed=2, adapters=(("classic", 0.7),), sampler="euler-a", guidance_scale=1.0),
    Wish(seed=3, adapters=(("kohya", 1.3),), sampler="dpm++-2m-karras", num_inference_steps=8),
    Wish(seed=4, adapters=(("kohya", -0.5), ("modern", 0.8)), sampler="heun", guidance_scale=4.0),
    Wish(seed=5, adapters=(("dream", 1.0),), sampler="unipc"),
    Wish(seed=6, adapters=(("dream", 1.0), ("classic", 0.6)), sampler="dpm2-a"),
    Wish(seed=7),
    Wish(seed=8, guidance_scale=1.0, sampler="lms"),
]


@pytest.mark.parametrize("studio", ["v_prediction"], indirect=True)
@pytest.mark.parametrize("wish", WISHES[:6], ids=lambda wish: "+".join(name for name, _ in wish.adapters))
def test_a_picture_with_adapters_is_the_pipelines(studio: Studio, wish: Wish) -> None:
    assert difference(studio.live.draw(wish), studio.judge(wish)) <= 1


def test_a_batch_of_which_no_two_rows_are_alike_is_the_pipelines(studio: Studio) -> None:
    for wish, drawn in zip(WISHES, studio.live.draw_together(WISHES), strict=True):
        assert difference(drawn, studio.judge(wish)) <= 1, wish


@pytest.mark.parametrize("studio", ["v_prediction"], indirect=True)
def test_a_batch_of_equals_is_the_pipelines(studio: Studio) -> None:
    wishes = [Wish(seed=seed, adapters=(("modern", 1.0),)) for seed in range(4)]
    for wish, drawn in zip(wishes, studio.live.draw_together(wishes), strict=True):
        assert difference(drawn, studio.judge(wish)) <= 1


@pytest.mark.parametrize("studio", ["v_prediction"], indirect=True)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("peft", {}),
        ("peft-rs", {"use_rslora": True}),
        ("peft-patterns", {"rank_pattern": {"to_q": 2}, "alpha_pattern": {"attn2.to_q": 9, "conv1": 3}}),
    ],
)
def test_a_file_that_peft_wrote_draws_what_peft_draws(studio: Studio, name: str, options: dict[str, Any]) -> None:
    pipeline = twin(studio.pipeline)
    pipeline.unet = write_peft(studio.found / name, studio.base, **options)
    adopt_adapter(studio.found / name, studio.adapters)
    wish = Wish(seed=9, adapters=((name, 1.0),))
    drawn = studio.live.draw(wish)
    assert difference(drawn, draw(pipeline, wish)) <= 1
    assert difference(drawn, studio.live.draw(Wish(seed=9))) > 8


@pytest.mark.parametrize("studio", ["v_prediction"], indirect=True)
def test_every_adapter_changes_the_picture(studio: Studio) -> None:
    """Otherwise the comparisons above could not fail."""
    pictures: list[Any] = [studio.live.draw(Wish(adapters=((name, 1.0),))) for name in (*LAYOUTS, "dream")]
    pictures.append(studio.live.draw(Wish()))
    assert all(difference(one, other) > 8 for one in pictures for other in pictures if one is not other)
