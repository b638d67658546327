"""The parts of training against the formulas and the libraries they come from."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import compute_snr
from PIL import Image

from adapters.preparation.reading import squared
from adapters.training.data import augment, batches
from adapters.training.loss import target, timestep_weights
from adapters.training.optimizer import learning_rate
from adapters.training.recipe import Augmentation, Training
from adapters.training.trainer import Trainer
from tests.adapters_kit.runs import DREAMBOOTH, LORA, ignore, never, start, write_recipe

TEXT_LORA = LORA + "text_encoder = true\n"


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_min_snr_weights_are_those_of_diffusers_training(kind: str) -> None:
    noise, timesteps = DDPMScheduler(prediction_type=kind), torch.arange(0, 1000, 37)
    ratio = compute_snr(noise, timesteps)
    expected = ratio.clamp(max=5) / (ratio + 1 if kind == "v_prediction" else ratio)
    assert torch.allclose(timestep_weights(noise, timesteps, 5.0), expected, atol=1e-6)
    assert torch.equal(timestep_weights(noise, timesteps, None), torch.ones(len(timesteps)))


def test_the_target_is_the_noise_or_the_velocity() -> None:
    latents, added, timesteps = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2), torch.tensor([0, 400, 999])
    assert torch.equal(target(DDPMScheduler(prediction_type="epsilon"), latents, added, timesteps), added)
    noise = DDPMScheduler(prediction_type="v_prediction")
    kept = noise.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    velocity = kept.sqrt() * added - (1 - kept).sqrt() * latents
    assert torch.allclose(target(noise, latents, added, timesteps), velocity, atol=1e-6)


@pytest.mark.parametrize(
    ("method", "rate"), [(TEXT_LORA, 1e-2), (DREAMBOOTH.format(l2=0), 1e-3)], ids=["lora", "dreambooth"]
)
def test_gradient_checkpointing_changes_no_loss(colours: Path, tiny: Path, method: str, rate: float) -> None:
    losses = []
    for checkpointing in ("false", "true"):
        recipe = write_recipe(colours, tiny, method, steps=4, learning_rate=rate, gradient_checkpointing=checkpointing)
        run = start(recipe)
        run.go(ignore, never)
        (run.work / "checkpoint.pt").unlink()
        losses.append(run.losses)
        text = {name: one for name, one in run.method.parameters().items() if name.startswith("text_encoder")}
        assert text
        moved = run.trainer.optimizer.state
        assert all(moved[one]["exp_avg"].any() for name, one in text.items() if "lora_A" not in name)
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_accumulated_gradients_are_the_mean_of_the_batches(
    colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = start(write_recipe(colours, tiny, gradient_accumulation=3, batch_size=1)).trainer
    monkeypatch.setattr(Trainer, "_update", lambda *_: None)
    trainer.step(0)
    parameters = list(trainer.optimizer.param_groups[0]["params"])
    found = [parameter.grad.clone() for parameter in parameters]
    numbers = batches(trainer.pictures, 1, 777)
    losses = [trainer.loss(trainer.inputs(next(numbers), part)) for part in range(3)]
    expected = torch.autograd.grad(torch.stack(losses).mean(), parameters)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(found, expected, strict=True))


def test_the_learning_rate_warms_up_then_stays_or_falls() -> None:
    how = Training(steps=100, batch_size=1, learning_rate=1.0, warmup_steps=10)
    assert [learning_rate(how, step, 100) for step in (0, 4, 9, 10, 99)] == [0.1, 0.5, 1.0, 1.0, 1.0]
    cosine = how.model_copy(update={"schedule": "cosine"})
    assert [learning_rate(cosine, step, 100) for step in (10, 55, 100)] == pytest.approx([1, 0.5, 0])


def test_augmentation_crops_mirrors_and_recolours_by_chance_alone() -> None:
    slope = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (60, 1))
    picture = Image.fromarray(np.stack([slope, slope, np.full_like(slope, 90)], axis=-1))
    nothing, mirrored = Augmentation(), Augmentation(flip=1)
    assert augment(picture, nothing, random.Random(1)).tobytes() == picture.tobytes()
    flipped = np.asarray(augment(picture, mirrored, random.Random(1)))
    assert (flipped == np.asarray(picture)[:, ::-1]).all()
    cropped = augment(picture, Augmentation(smallest_crop=0.5), random.Random(3))
    assert 0.49 <= cropped.width * cropped.height / 3600 < 1
    assert squared(cropped, 32).size == (32, 32)
    jitter = Augmentation(brightness=0.3, contrast=0.3, saturation=0.3)
    once, again, other = (augment(picture, jitter, random.Random(seed)).tobytes() for seed in (1, 1, 2))
    assert once == again != other


def test_every_epoch_has_every_picture_once_in_another_order() -> None:
    source = batches(6, 4, 777)
    shown = [number for _ in range(6) for number in next(source)]
    epochs = [shown[start : start + 6] for start in range(0, 24, 6)]
    assert all(sorted(epoch) == list(range(6)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1
    assert next(batches(6, 4, 777, start=3)) == shown[12:16]
