"""The ``parameters`` chunk, read back with the rules of the AUTOMATIC1111 web UI."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.diffusion.infotext import infotext
from engine.plan import ModelFacts, make_plan
from engine.protocol import AdapterUse, GenerationRequest, UsedParameters
from engine.samplers.sampling import build_sampler
from engine.samplers.table import SAMPLERS, Sampler
from tests.engine_kit.live import Live

STABLE_DIFFUSION = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
"""The noise schedule of Stable Diffusion 2.1."""
FACTS = ModelFacts("nano", 64, "v_prediction")
# From the behaviour of modules/infotext_utils.py::parse_generation_parameters.
PARAMETER = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
SIZE = re.compile(r"^(\d+)x(\d+)$")


def web_ui_reads(text: str) -> dict[str, str]:
    """What the web UI makes of ``text``."""
    *lines, last = text.strip().split("\n")
    if len(PARAMETER.findall(last)) < 3:
        lines, last = [*lines, last], ""
    prompt: list[str] = []
    negative: list[str] = []
    into = prompt
    for line in (line.strip() for line in lines):
        begins = line.startswith("Negative prompt:")
        into = negative if begins else into
        into.append(line[16:].strip() if begins else line)
    read = {"Prompt": "\n".join(prompt), "Negative prompt": "\n".join(negative)}
    for key, value in PARAMETER.findall(last):
        plain = json.loads(value) if value.startswith('"') and value.endswith('"') else value
        if size := SIZE.match(plain):
            read |= {f"{key}-1": size[1], f"{key}-2": size[2]}
        else:
            read[key] = plain
    return read


def used(model: str = "nano", **fields: object) -> UsedParameters:
    request = GenerationRequest.model_validate({"prompt": "a fox", "seed": 777} | fields)
    return make_plan(request, FACTS).used(0, model, "1.2")


def web_ui_levels(steps: int) -> dict[str, torch.Tensor]:
    """The noise levels of the web UI's schedule types, from their definitions in its ``sd_schedulers`` module."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    levels = ((1 - kept) / kept) ** 0.5

    def at(times: torch.Tensor) -> torch.Tensor:
        low, high = levels.log()[times.floor().long()], levels.log()[times.ceil().long()]
        return torch.lerp(low, high, times.frac()).exp()

    ramp, ends = torch.linspace(0, 1, steps, dtype=torch.float64), levels[[-1, 0]] ** (1 / 7)
    return {
        "Uniform": at(torch.linspace(999, 0, steps, dtype=torch.float64)),
        "SGM Uniform": at(torch.linspace(999, 0, steps + 1, dtype=torch.float64)[:-1]),
        "Karras": (ends[0] + ramp * (ends[1] - ends[0])) ** 7,
    }


def test_the_web_ui_reads_every_parameter_back() -> None:
    made = used(negative_prompt="blurry, dark", sampler="dpm++-2m-karras", num_inference_steps=30, guidance_scale=7.0)
    assert web_ui_reads(infotext(made)) == {
        "Prompt": "a fox",
        "Negative prompt": "blurry, dark",
        "Steps": "30",
        "Sampler": "DPM++ 2M",
        "Schedule type": "Karras",
        "CFG scale": "7",
        "Seed": "777",
        "Size-1": "64",
        "Size-2": "64",
        "Model": "nano",
        "RNG": "CPU",
        "Version": "sanggar 1.2",
    }


def test_the_last_line_reads_as_the_web_ui_writes_it() -> None:
    assert infotext(used()) == (
        "a fox\nSteps: 25, Sampler: DPM++ 2M, Schedule type: SGM Uniform, CFG scale: 7.5, Seed: 777, Size: 64x64, "
        "Model: nano, RNG: CPU, Version: sanggar 1.2"
    )


@pytest.mark.parametrize("sampler", [name for name, one in SAMPLERS.items() if one.schedule != "Automatic"])
def test_the_schedule_is_the_one_by_which_the_web_ui_draws_the_same(sampler: str) -> None:
    scheduler = build_sampler(sampler, STABLE_DIFFUSION, seed=1)
    scheduler.set_timesteps(20)
    drawn = torch.unique_consecutive(scheduler.sigmas.double())
    levels = web_ui_levels(20)
    near = [name for name, one in levels.items() if len(drawn) > 20 and torch.allclose(drawn[:20], one, rtol=3e-3)]
    assert near == [web_ui_reads(infotext(used(sampler=sampler)))["Schedule type"]]


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=lambda one: one.id)
def test_the_web_ui_knows_the_sampler_by_its_name_without_the_schedule(sampler: Sampler) -> None:
    written = web_ui_reads(infotext(used(sampler=sampler.id)))
    assert written["Sampler"] == sampler.label.removesuffix(" Karras")


def test_adapters_stand_in_the_prompt_as_the_web_ui_names_them() -> None:
    uses = [AdapterUse(name="kancil", weight=0.8), AdapterUse(name="retro")]
    assert infotext(used(adapters=uses)).startswith("a fox <lora:kancil:0.8> <lora:retro:1>\n")


def test_an_enlarged_picture_tells_the_size_that_was_drawn() -> None:
    read = web_ui_reads(infotext(used(size="512x512")))
    assert (read["Size-1"], read["Size-2"], read["Enlarged to-1"]) == ("64", "64", "512")


@pytest.mark.parametrize("model", ["a, b", "a: b", 'say "x"', "line\nline", "plain", "owner/name"])
def test_values_with_separators_are_quoted(model: str) -> None:
    assert web_ui_reads(infotext(used(model=model)))["Model"] == model


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="\x85"), min_size=1)


@given(prompt=WORDS.filter(str.strip), negative=WORDS)
def test_any_one_line_prompt_survives(prompt: str, negative: str) -> None:
    read = web_ui_reads(infotext(used(prompt=prompt, negative_prompt=negative)))
    if not prompt.strip().startswith("Negative prompt:"):
        assert read["Prompt"] == prompt.strip()
    assert read["Seed"] == "777"


@pytest.mark.parametrize(("prompt", "kind"), [("a café", "tEXt"), ("kancil 🦌 ลายไทย", "iTXt")])
def test_the_png_carries_the_text_in_the_chunk_that_can_hold_it(live: Live, prompt: str, kind: str) -> None:
    data = live.post({"prompt": prompt, "num_inference_steps": 1}).json()["data"][0]
    png = base64.b64decode(data["b64_json"])
    assert kind.encode() + b"parameters\0" in png
    with Image.open(io.BytesIO(png)) as image:
        assert image.info["parameters"] == data["parameters"]
    assert web_ui_reads(data["parameters"])["Prompt"] == prompt
