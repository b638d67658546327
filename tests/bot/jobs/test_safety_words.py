"""What keeps pictures fit for children holds whatever a member types: judged on pictures of the real engine."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from bot.commands.parsing import draw_request
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, MEMBER_GUIDANCE_SCALE
from bot.errors import Refused
from bot.jobs.generation import generation
from bot.jobs.job import Job, State
from bot.members.origin import Origin
from bot.styles.style import ResolvedStyle
from engine.protocol import GenerationRequest

TAGS = ", ".join(f"bad quality {number}, worst artifacts, lowres, jpeg" for number in range(12))
"""More tokens than the text encoder reads."""


def asked(origin: Origin, options: dict[str, Any]) -> GenerationRequest:
    """What the engine is asked for a member's command."""
    request = draw_request("draw", {"prompt": "a red fox", "steps": 4} | options, BUILT_IN)
    style = ResolvedStyle(None, 1.0, "{prompt}")
    job = Job("1", origin, request, 777, style, State.QUEUED, 0.0)
    return generation(job, None).model_copy(update={"stream": False, "partial_images": 0, "progress": False})


def pixels(url: str, request: GenerationRequest) -> Any:
    answer = httpx.post(f"{url}/v1/images/generations", json=request.model_dump(), timeout=300).raise_for_status()
    png = base64.b64decode(answer.json()["data"][0]["b64_json"])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cfg", [MEMBER_GUIDANCE_SCALE[0], 7.0, MEMBER_GUIDANCE_SCALE[1]])
@pytest.mark.parametrize("negative", ["", TAGS], ids=["none", "tags"])
def test_the_safety_words_change_the_picture(nano: str, origin: Origin, cfg: float, negative: str) -> None:
    request = asked(origin, {"cfg": cfg, "negative": negative})
    without = request.model_copy(update={"negative_prompt": negative, "negative_frame": "{prompt}"})
    assert np.abs(pixels(nano, request) - pixels(nano, without)).mean() > 0.5


@pytest.mark.parametrize("cfg", [1, 1.5, 1.999])
def test_no_member_can_switch_them_off(cfg: float) -> None:
    with pytest.raises(Refused) as refused:
        draw_request("draw", {"prompt": "a red fox", "cfg": cfg}, BUILT_IN)
    assert (refused.value.reason, refused.value.values["minimum"]) == ("out-of-range", 2.0)


def test_a_job_of_an_earlier_release_is_drawn_with_them_too(origin: Origin) -> None:
    request = DrawRequest("draw", "a red fox", guidance_scale=1.0)
    old = Job("1", origin, request, 7, ResolvedStyle(None, 1.0, "{prompt}"), State.QUEUED, 0.0)
    assert generation(old, None).guidance_scale == 2.0
