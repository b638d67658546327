"""bfloat16: from the same latents, each of the engine's U-Net calls is as close to float32 as the pipeline's.

Whole pictures prove little: a few large steps make much of a last digit, and which digits differ depends on the
processor. Here the engine gets the pipeline's own latents before every step, so that nothing adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import nano
from engine.adapters.cache import HeldAdapters
from engine.adapters.checkpoints import Checkpoint
from engine.adapters.slots import SlotBank
from engine.batch.active_request import ActivePicture, ActiveRequest
from engine.batch.runner import Runner
from engine.batch.scheduler import Ticket
from engine.diffusion.model import Model, load_model
from engine.plan import ModelFacts, make_plan
from engine.protocol import SAMPLERS, GenerationRequest
from engine.samplers.sampling import Sampling, build_sampler
from tests.engine_kit.judge import Wish, draw, load_pipeline
from tests.engine_kit.live import serve

pytestmark = pytest.mark.timeout(600)  # a processor without bfloat16 of its own is slow with it
AS_CLOSE = 1.1
"""Times the pipeline's own distance to float32 that the engine's may be: both round as often, in another order."""
MEAN_OFF = 4.0
"""How far the mean of a picture's channels may be off, in 1/255."""
WISHES = [
    Wish(seed=index, sampler=sampler, guidance_scale=(1.0, 5.0, 9.0)[index % 3], num_inference_steps=2 + index % 3)
    for index, sampler in enumerate(list(SAMPLERS)[::2])
]


@dataclass(frozen=True)
class Call:
    """One U-Net call of the bfloat16 pipeline.

    latents: (rows, 4, height, width), what the U-Net is shown; texts: (rows, tokens, width), the negative prompt's
    first; output and exact: the guided output (1, 4, height, width), and what float32 makes of the same.
    """

    latents: torch.Tensor
    timestep: torch.Tensor
    texts: torch.Tensor
    output: torch.Tensor
    exact: torch.Tensor


def guided(rows: torch.Tensor, scale: float) -> torch.Tensor:
    """Classifier-free guidance in the pipeline's words."""
    if len(rows) == 1:
        return rows
    noise_pred_uncond, noise_pred_text = rows.chunk(2)
    return noise_pred_uncond + scale * (noise_pred_text - noise_pred_uncond)


def calls(half: Any, exact: Any, wish: Wish) -> list[Call]:
    """The U-Net calls of one picture."""
    made: list[Call] = []

    def remember(unet: Any, given: tuple[Any, ...], named: dict[str, Any], answer: tuple[torch.Tensor]) -> None:
        latents, timestep = given
        texts = named["encoder_hidden_states"]
        wanted = exact.unet(latents.float(), timestep, encoder_hidden_states=texts.float(), return_dict=False)[0]
        scale = wish.guidance_scale
        made.append(Call(latents, timestep, texts, guided(answer[0], scale), guided(wanted, scale)))

    hook = half.unet.register_forward_hook(remember, with_kwargs=True)
    draw(half, wish)
    hook.remove()
    return made


@pytest.fixture(scope="module")
def drawn() -> list[list[Call]]:
    """The pipeline's calls for each of the wishes."""
    exact: Any = load_pipeline(nano.WEIGHTS)
    half: Any = load_pipeline(nano.WEIGHTS).to(torch.bfloat16)
    return [calls(half, exact, wish) for wish in WISHES]


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nano", "cpu", "bfloat16")


def begin(model: Model, wish: Wish, first: Call) -> ActivePicture:
    """The picture of a wish before its first step, with the embeddings that the pipeline has."""
    request = GenerationRequest.model_validate(wish.body())
    plan = make_plan(request, ModelFacts(model.name, model.native, model.prediction_type))
    scheduler = build_sampler(wish.sampler, model.noise_schedule, wish.seed)
    shape = (first.latents.shape[1], first.latents.shape[2], first.latents.shape[3])
    sampling = Sampling(scheduler, plan.steps, wish.seed, shape, model.device, model.dtype)
    job, rows = ActiveRequest(wish.sampler, plan, lambda event: None), len(first.latents)
    negative, prompt = (None, first.texts) if rows == 1 else first.texts.chunk(2)
    held = HeldAdapters(Checkpoint("", model.unet, None))
    return ActivePicture(job, 0, wish.seed, sampling, prompt, negative, Ticket(wish.sampler, "", rows), held)


def replay(runner: Runner, pictures: Sequence[ActivePicture], drawn: Sequence[Sequence[Call]]) -> list[float]:
    """The engine's distance to float32 for each picture, with the pipeline's being 1.

    Every step is taken with the pipeline's output, so that the next one begins with the pipeline's latents.
    """
    ours, theirs = np.zeros(len(pictures)), np.zeros(len(pictures))
    for step in range(max(map(len, drawn))):
        left = [index for index, made in enumerate(drawn) if step < len(made)]
        outputs = runner.run([pictures[index] for index in left])
        for index, (model_input, output) in zip(left, outputs, strict=True):
            call, sampling = drawn[index][step], pictures[index].sampling
            assert torch.equal(model_input, call.latents[:1]), "the sampler's own steps are the pipeline's to the digit"
            assert float(sampling.timestep) == float(call.timestep)
            ours[index] += squared(output, call.exact)
            theirs[index] += squared(call.output, call.exact)
            with torch.inference_mode():
                sampling.advance(call.output)
    assert all(picture.sampling.done for picture in pictures)
    return list(np.sqrt(ours / theirs))


def squared(output: torch.Tensor, exact: torch.Tensor) -> float:
    return float((output.float() - exact).square().sum())


def far(ratios: Iterable[float]) -> bool:
    return max(ratios) > AS_CLOSE


@pytest.mark.parametrize("index", [1, 2])
def test_a_picture_drawn_alone_is_as_close_to_float32_as_the_pipelines(
    model: Model, drawn: list[list[Call]], index: int
) -> None:
    picture = begin(model, WISHES[index], drawn[index][0])
    assert not far(replay(Runner(SlotBank(model.unet, 4)), [picture], [drawn[index]]))


def test_pictures_of_a_mixed_batch_are_as_close_to_float32_as_the_pipelines(
    model: Model, drawn: list[list[Call]]
) -> None:
    pictures = [begin(model, wish, made[0]) for wish, made in zip(WISHES, drawn, strict=True)]
    assert not far(replay(Runner(SlotBank(model.unet, 4)), pictures, drawn))


def test_latents_that_were_rounded_to_eight_bits_are_farther_off(model: Model, drawn: list[list[Call]]) -> None:
    """Otherwise the comparisons above could not fail."""

    class Careless(Runner):
        def call(self, unet: Any, rows: torch.Tensor, *rest: Any, **uses: Any) -> torch.Tensor:
            return super().call(unet, rows.to(torch.float8_e4m3fn).to(rows.dtype), *rest, **uses)

    picture = begin(model, WISHES[1], drawn[1][0])
    assert far(replay(Careless(SlotBank(model.unet, 4)), [picture], [drawn[1]]))


def test_the_engine_draws_in_bfloat16() -> None:
    """A picture of one step, in which nothing has added up yet."""
    wish = Wish(num_inference_steps=1)
    half: Any = load_pipeline(nano.WEIGHTS).to(torch.bfloat16)
    with serve(Path("nano"), dtype="bfloat16") as live:
        assert live.engine.model.dtype == torch.bfloat16
        picture = live.draw(wish)
    wanted = draw(half, wish)
    assert np.abs(picture - wanted).mean() <= MEAN_OFF
    assert np.abs(picture - draw(half, Wish(num_inference_steps=1, seed=778))).mean() > MEAN_OFF
