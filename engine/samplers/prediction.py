"""The picture that the model foresees at a step."""

from __future__ import annotations

import torch


def predict_x0(
    alphas_cumprod: torch.Tensor, prediction_type: str, timestep: float, seen: torch.Tensor, output: torch.Tensor
) -> torch.Tensor:
    """The noiseless latent x0 that the model sees in ``seen``, what it was shown at ``timestep``.

    Every sampler shows the model ``sqrt(a) x0 + sqrt(1 - a) noise`` (variance preserving), so one formula serves all;
    between two training timesteps log((1 - a) / a) is interpolated.
    """
    if prediction_type == "sample":
        return output
    low = min(int(timestep), len(alphas_cumprod) - 1)
    high = min(low + 1, len(alphas_cumprod) - 1)
    ends = torch.log((1 - alphas_cumprod[[low, high]]) / alphas_cumprod[[low, high]])
    alpha = float(torch.sigmoid(-torch.lerp(ends[0], ends[1], timestep - low)))
    signal, noise = alpha**0.5, (1 - alpha) ** 0.5
    v = prediction_type == "v_prediction"
    predicted_x0: torch.Tensor = signal * seen - noise * output if v else (seen - noise * output) / signal
    return predicted_x0
