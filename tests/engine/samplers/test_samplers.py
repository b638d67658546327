"""The predicted picture and the projection that partial pictures are made of."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler
from torch.nn.functional import avg_pool2d

from engine.diffusion.model import load_model
from engine.diffusion.previews import fit_projection, project
from engine.samplers.prediction import predict_x0
from tests.kit.models import SCHEDULE


@pytest.mark.parametrize(
    ("kind", "prediction_type"),
    [
        (DDIMScheduler, "epsilon"),
        (DDIMScheduler, "v_prediction"),
        (DDIMScheduler, "sample"),
        (EulerDiscreteScheduler, "epsilon"),
        (EulerDiscreteScheduler, "v_prediction"),
    ],
)
def test_the_predicted_picture_is_the_samplers_own(kind: Any, prediction_type: str) -> None:
    ddim_only = ("clip_sample", "set_alpha_to_one") if kind is EulerDiscreteScheduler else ()
    known = {key: value for key, value in SCHEDULE.items() if key not in ddim_only}
    scheduler = kind(**known, prediction_type=prediction_type)
    scheduler.set_timesteps(10)
    alphas = DDIMScheduler(**SCHEDULE).alphas_cumprod
    torch.manual_seed(0)
    latent = torch.randn(1, 4, 4, 4) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        seen, output = scheduler.scale_model_input(latent, timestep), torch.randn(1, 4, 4, 4)
        step = scheduler.step(output, timestep, latent)
        ours = predict_x0(alphas, prediction_type, float(timestep), seen, output)
        assert torch.allclose(ours, step.pred_original_sample, rtol=1e-3, atol=1e-3)
        latent = step.prev_sample


def test_between_two_timesteps_the_signal_is_interpolated() -> None:
    alphas = DPMSolverMultistepScheduler(**{"beta_schedule": "scaled_linear"}).alphas_cumprod
    ones = torch.ones(1)
    ends = [predict_x0(alphas, "v_prediction", at, ones, -ones) for at in (500.0, 500.5, 501.0)]
    assert min(ends[0], ends[2]) < ends[1] < max(ends[0], ends[2])


def test_the_projection_shows_the_colours_that_the_vae_decodes() -> None:
    vae = load_model("nano", "cpu").vae
    torch.manual_seed(1)
    picture = torch.nn.functional.interpolate(torch.rand(1, 3, 4, 4) * 2 - 1, (128, 128), mode="bilinear")
    with torch.inference_mode():
        latent = vae.encode(picture).latent_dist.mean * vae.config.scaling_factor
        wanted = avg_pool2d(vae.decode(latent / vae.config.scaling_factor).sample, 8)
    error = (project(latent, fit_projection(vae)) - wanted).abs().mean()
    assert error < 0.55 * (wanted - wanted.mean()).abs().mean()
