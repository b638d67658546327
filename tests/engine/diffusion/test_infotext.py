"""The ``parameters`` chunk, read back with the rules of the AUTOMATIC1111 web UI."""

from __future__ import annotations

import base64
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.diffusion.infotext import infotext
from engine.plan import ModelFacts, Plan, make_plan
from engine.protocol import AdapterUse, GenerationRequest
from tests.engine_kit.live import Live

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


def plan(**fields: object) -> Plan:
    return make_plan(GenerationRequest.model_validate({"prompt": "a fox"} | fields), FACTS)


def test_the_web_ui_reads_every_parameter_back() -> None:
    made = plan(negative_prompt="blurry, dark", sampler="dpm++-2m-karras", num_inference_steps=30, guidance_scale=7.0)
    assert web_ui_reads(infotext(made, 777, "nano", "1.2")) == {
        "Prompt": "a fox",
        "Negative prompt": "blurry, dark",
        "Steps": "30",
        "Sampler": "DPM++ 2M Karras",
        "CFG scale": "7",
        "Seed": "777",
        "Size-1": "64",
        "Size-2": "64",
        "Model": "nano",
        "Version": "sanggar 1.2",
    }


def test_the_last_line_reads_as_the_web_ui_writes_it() -> None:
    text = infotext(plan(), 1, "nano", "1.2")
    assert text == (
        "a fox\nSteps: 25, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 1, Size: 64x64, Model: nano, Version: sanggar 1.2"
    )


def test_adapters_stand_in_the_prompt_as_the_web_ui_names_them() -> None:
    uses = [AdapterUse(name="kancil", weight=0.8), AdapterUse(name="retro")]
    assert infotext(plan(adapters=uses), 1, "nano", "1").startswith("a fox <lora:kancil:0.8> <lora:retro:1>\n")


def test_an_enlarged_picture_tells_the_size_that_was_drawn() -> None:
    read = web_ui_reads(infotext(plan(size="512x512"), 1, "nano", "1"))
    assert (read["Size-1"], read["Size-2"], read["Enlarged to-1"]) == ("64", "64", "512")


@pytest.mark.parametrize("model", ["a, b", "a: b", 'say "x"', "line\nline", "plain", "owner/name"])
def test_values_with_separators_are_quoted(model: str) -> None:
    assert web_ui_reads(infotext(plan(), 1, model, "1"))["Model"] == model


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="\x85"), min_size=1)


@given(prompt=WORDS.filter(str.strip), negative=WORDS)
def test_any_one_line_prompt_survives(prompt: str, negative: str) -> None:
    read = web_ui_reads(infotext(plan(prompt=prompt, negative_prompt=negative), 5, "nano", "1"))
    if not prompt.strip().startswith("Negative prompt:"):
        assert read["Prompt"] == prompt.strip()
    assert read["Seed"] == "5"


@pytest.mark.parametrize(("prompt", "kind"), [("a café", "tEXt"), ("kancil 🦌 ลายไทย", "iTXt")])
def test_the_png_carries_the_text_in_the_chunk_that_can_hold_it(live: Live, prompt: str, kind: str) -> None:
    data = live.post({"prompt": prompt, "num_inference_steps": 1}).json()["data"][0]
    png = base64.b64decode(data["b64_json"])
    assert kind.encode() + b"parameters\0" in png
    with Image.open(io.BytesIO(png)) as image:
        assert image.info["parameters"] == data["parameters"]
    assert web_ui_reads(data["parameters"])["Prompt"] == prompt
