"""The one list of samplers: the id that requests use, the name that people read, and the diffusers scheduler behind it.

The mapping is diffusers' own table of A1111 and k-diffusion names, but for ``dpm++-sde``: the table names the
deterministic single-step solver there, while the sampler that the web UI shows under that name is k-diffusion's
``sample_dpmpp_sde``, which is ported as ``DPMSolverSDEScheduler``; its noise is seeded with the picture's seed.
Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sampler:
    """One sampler.

    id: what requests name. label: the name that other software shows and reads.
    scheduler_class: name of a class in ``diffusers``; options: arguments of its ``from_config``.
    schedule: what the web UI calls the noise levels ("Schedule type", since 1.9), with the timestep spacing that
    diffusers chooses for Stable Diffusion 2.1; "Automatic" where the web UI leaves no choice.
    seeded: whether the scheduler draws noise of its own and must be given the picture's seed.
    """

    id: str
    label: str
    scheduler_class: str
    schedule: str = "Uniform"
    options: Mapping[str, object] = field(default_factory=dict)
    seeded: bool = False


SAMPLERS: dict[str, Sampler] = {
    sampler.id: sampler
    for sampler in (
        Sampler("ddim", "DDIM", "DDIMScheduler", "Automatic"),
        Sampler("plms", "PLMS", "PNDMScheduler", "Automatic", {"skip_prk_steps": True}),
        Sampler("lms", "LMS", "LMSDiscreteScheduler"),
        Sampler("euler", "Euler", "EulerDiscreteScheduler"),
        Sampler("euler-a", "Euler a", "EulerAncestralDiscreteScheduler"),
        Sampler("heun", "Heun", "HeunDiscreteScheduler"),
        Sampler("dpm2", "DPM2", "KDPM2DiscreteScheduler"),
        Sampler("dpm2-a", "DPM2 a", "KDPM2AncestralDiscreteScheduler"),
        Sampler("dpm++-2m", "DPM++ 2M", "DPMSolverMultistepScheduler", "SGM Uniform"),
        Sampler(
            "dpm++-2m-karras", "DPM++ 2M Karras", "DPMSolverMultistepScheduler", "Karras", {"use_karras_sigmas": True}
        ),
        Sampler("dpm++-sde", "DPM++ SDE", "DPMSolverSDEScheduler", seeded=True),
        Sampler("unipc", "UniPC", "UniPCMultistepScheduler", "Automatic"),
    )
}
"""By id."""
