"""The training loop and the losses."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine.nano import WEIGHTS
from engine.nano.architecture import build_scheduler, build_small_vae, build_unet
from engine.nano.training import loop
from engine.nano.training.clip import clip_loss
from engine.nano.training.grow import grow_loss, grown, place_in_grown
from engine.nano.training.loop import Plan, StageMissingError, Trainee, load_average, train
from engine.nano.training.start import start_from
from engine.nano.training.unet import UNIFORM, load_painter, timestep_shares, unet_loss
from engine.nano.training.vae import differences, small, to_tensor

PLAN = Plan("line", 8, rate=0.1, warm_up=2)


def trainee(folder: Path, plan: Plan = PLAN) -> Trainee:
    torch.manual_seed(0)
    return Trainee(torch.nn.Linear(3, 1), folder, plan)


def loss_of(learner: Trainee, step: int) -> torch.Tensor:
    inputs = torch.randn(4, 3, generator=torch.Generator().manual_seed(step))
    loss: torch.Tensor = (learner.module(inputs) - inputs.sum(1, keepdim=True)).pow(2).mean()
    return loss


def test_the_rate_warms_up_stays_and_falls_to_nothing() -> None:
    plan = Plan("any", 1000, rate=1.0, decay=0.2, warm_up=100)
    assert [plan.rate_at(step) for step in (0, 49, 99, 500, 800, 900, 1000)] == pytest.approx(
        [0.01, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    )


def test_a_longer_plan_has_the_same_stable_phase() -> None:
    short, long = (Plan("any", steps, rate=1.0) for steps in (1000, 5000))
    assert [short.rate_at(step) for step in range(800)] == [long.rate_at(step) for step in range(800)]


def test_a_killed_training_resumes_to_exactly_the_same_weights(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = trainee(tmp_path / "whole")
    train(whole, lambda step: loss_of(whole, step))

    killed = trainee(tmp_path)

    def until_killed(step: int) -> torch.Tensor:
        if step == 5:
            raise KeyboardInterrupt
        return loss_of(killed, step)

    with pytest.raises(KeyboardInterrupt):
        train(killed, until_killed, save_every=3)
    resumed = trainee(tmp_path)
    resumed.load()
    assert resumed.step == 3
    train(resumed, lambda step: loss_of(resumed, step))
    for key, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[key])
        assert torch.equal(whole.average[key], resumed.average[key])


def test_the_average_follows_the_weights_and_lags_behind(tmp_path: Path) -> None:
    learner = trainee(tmp_path)
    before = learner.module.state_dict()["weight"].clone()
    learner.average["weight"].copy_(before)
    for step in range(loop.AVERAGE_EVERY):
        learner.learn(loss_of(learner, step))
    moved = (learner.module.state_dict()["weight"] - before).norm()
    lagged = (learner.average["weight"] - before).norm()
    assert 0 < lagged < moved


def test_a_perfect_prediction_of_v_costs_nothing_and_a_wrong_one_something() -> None:
    scheduler, latents = build_scheduler(), torch.randn(4, 4, 16, 16)

    def clairvoyant(noisy: torch.Tensor, timesteps: torch.Tensor, states: torch.Tensor) -> SimpleNamespace:
        alpha = scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        noise = (noisy - alpha.sqrt() * latents) / (1 - alpha).sqrt()
        return SimpleNamespace(sample=alpha.sqrt() * noise - (1 - alpha).sqrt() * latents)

    def blind(noisy: torch.Tensor, timesteps: torch.Tensor, states: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(sample=torch.zeros_like(noisy))

    states = torch.zeros(4, 77, 160)
    assert unet_loss(clairvoyant, scheduler, latents, states, 0).item() == pytest.approx(0, abs=1e-4)
    assert unet_loss(blind, scheduler, latents, states, 0).item() > 0.1


def test_the_noise_of_a_step_depends_on_its_seed_alone() -> None:
    unet, scheduler, latents, states = (
        build_unet(),
        build_scheduler(),
        torch.randn(1, 4, 16, 16),
        torch.randn(1, 77, 160),
    )
    with torch.no_grad():
        one, same, other = (unet_loss(unet, scheduler, latents, states, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_timesteps_that_teach_shapes_are_drawn_most_and_none_is_left_out() -> None:
    shares = timestep_shares(build_scheduler())
    assert shares.sum().item() == pytest.approx(1)
    assert shares.min() >= UNIFORM / 1000
    assert 200 < shares.argmax() < 400


def test_clip_loss_is_small_only_where_pictures_meet_their_own_captions() -> None:
    def pair(logits: torch.Tensor) -> float:
        clip = lambda input_ids, pixel_values: SimpleNamespace(logits_per_image=logits)  # noqa: E731
        return clip_loss(clip, torch.empty(0), torch.empty(0)).item()

    assert pair(10 * torch.eye(4)) < 0.01
    assert pair(torch.zeros(4, 4)) == pytest.approx(np.log(4))
    assert pair(10 * torch.eye(4).roll(1, 0)) > 5


def test_bytes_become_numbers_from_minus_one_to_one() -> None:
    pixels = np.zeros((1, 64, 64, 3), np.uint8)
    pixels[0, 2, 5] = 255, 0, 255
    tensor = to_tensor(pixels)
    assert tensor.shape == (1, 3, 64, 64)
    assert tensor[0, :, 2, 5].tolist() == [1, -1, 1]


def test_differences_are_zero_on_a_plain_picture_and_two_at_a_full_edge() -> None:
    picture = torch.full((1, 3, 64, 64), -1.0)
    assert all(difference.abs().max() == 0 for difference in differences(picture))
    picture[..., 32:] = 1
    across, down = differences(picture)
    assert set(across[..., 31].flatten().tolist()) == {2}
    assert down.abs().max() == 0


def test_the_grown_autoencoder_keeps_the_inner_blocks_and_the_size_of_latents() -> None:
    model = build_small_vae()
    vae = grown(model)
    pairs = (
        (vae.encoder.down_blocks[2], model.encoder.down_blocks[1]),
        (vae.decoder.mid_block, model.decoder.mid_block),
    )
    for outer, inner in pairs:
        assert all(torch.equal(value, outer.state_dict()[key]) for key, value in inner.state_dict().items())
    pictures = torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        latent = vae.encode(pictures).latent_dist.mean
        assert latent.shape == model.encode(small(pictures)).latent_dist.mean.shape == (1, 4, 16, 16)
        assert vae.decode(latent).sample.shape == pictures.shape


def test_only_the_encoders_blocks_move_when_it_grows() -> None:
    assert place_in_grown("encoder.down_blocks.0.resnets.0.norm1.bias") == "encoder.down_blocks.1.resnets.0.norm1.bias"
    assert place_in_grown("decoder.up_blocks.0.resnets.0.norm1.bias") == "decoder.up_blocks.0.resnets.0.norm1.bias"


def test_growing_teaches_the_encoder_the_old_latents_and_the_decoder_the_picture() -> None:
    torch.manual_seed(0)
    model, pictures = build_small_vae().requires_grad_(False), torch.rand(2, 3, 128, 128) * 2 - 1
    vae = grown(model)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=2e-3)
    losses = []
    for _ in range(6):
        loss = grow_loss(vae, model, pictures, 1.0, seed=0)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.95 * losses[0]


def test_training_goes_on_from_a_weights_folder(tmp_path: Path) -> None:
    start_from(WEIGHTS, tmp_path)
    shipped = load_file(WEIGHTS / "unet" / "diffusion_pytorch_model.safetensors")
    painter = load_painter(tmp_path)
    assert all(torch.equal(painter.unet.state_dict()[key], value.float()) for key, value in shipped.items())
    assert torch.load(tmp_path / "unet.pt", weights_only=True)["step"] == 0


def test_a_stage_whose_earlier_one_is_missing_says_which_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(StageMissingError, match=re.escape(f"sanggar nano train --stage grow --run {tmp_path}")):
        load_average(tmp_path, "grow")
    with pytest.raises(StageMissingError, match="--stage unet"):
        load_painter(tmp_path)
