"""What members type."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.commands.parsing import Invocation, draw_request, parse
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, DRAW_OPTIONS, MEMBER_PROMPT_MAX, SIZES
from bot.errors import Refused
from engine.protocol import SAMPLERS, SEED_MAX

PROPERTY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("typed", "path", "options"),
    [
        (
            "/kancil a clever mouse-deer by the river --seed 777 --cfg 7.5",
            ("kancil",),
            {"prompt": "a clever mouse-deer by the river", "seed": 777, "cfg": 7.5},
        ),
        ("/retro --seed=777 --count 2 a girl", ("retro",), {"prompt": "a girl", "seed": 777, "count": 2}),
        (
            "/retro a --seed 1 girl --cfg 7 on a bicycle",
            ("retro",),
            {"prompt": "a girl on a bicycle", "seed": 1, "cfg": 7.0},
        ),
        ("/draw —seed 5 a fox –steps 9", ("draw",), {"prompt": "a fox", "seed": 5, "steps": 9}),
        (
            "/draw a fox — red —proud — and the river–side",
            ("draw",),
            {"prompt": "a fox — red —proud — and the river–side"},
        ),
        ("/kancil kancil --cfg 7,5", ("kancil",), {"prompt": "kancil", "cfg": 7.5}),
        ("/kancil the deer's river, the dogs' hill", ("kancil",), {"prompt": "the deer's river, the dogs' hill"}),
        ("/kancil don't --negative 'no snow' stop", ("kancil",), {"prompt": "don't", "negative": "'no snow' stop"}),
        ("/kancil 'a deer by the river'", ("kancil",), {"prompt": "a deer by the river"}),
        ('/kancil "a deer --seed 5" --seed 6', ("kancil",), {"prompt": "a deer --seed 5", "seed": 6}),
        (
            "/kancil “a deer” --negative “snow, ice” by a lake",
            ("kancil",),
            {"prompt": '"a deer" by a lake', "negative": "snow, ice"},
        ),
        ("/kancil a sign “SALE”, red", ("kancil",), {"prompt": "a sign “SALE”, red"}),
        ('/kancil an "unclosed quote --seed 3', ("kancil",), {"prompt": 'an "unclosed quote', "seed": 3}),
        (
            "/kancil --negative snow, ice --seed 7 a deer",
            ("kancil",),
            {"prompt": "a deer", "negative": "snow, ice", "seed": 7},
        ),
        ("/kancil --prompt a deer --seed 7", ("kancil",), {"prompt": "a deer", "seed": 7}),
        (
            "/landscape a mountain\nby a lake\t--steps 30,\n--seed: 5",
            ("landscape",),
            {"prompt": "a mountain by a lake", "steps": 30, "seed": 5},
        ),
        ("/draw a fox --seed -1", ("draw",), {"prompt": "a fox", "seed": -1}),
        (
            "/draw a fox --sampler EULER-A --size Wide",
            ("draw",),
            {"prompt": "a fox", "sampler": "euler-a", "size": "wide"},
        ),
        (
            '/draw a fox --sampler "DPM++ 2M Karras" --size 512x768',
            ("draw",),
            {"prompt": "a fox", "sampler": "dpm++-2m-karras", "size": "portrait"},
        ),
        (
            "/draw a fox --tanpa salju --jumlah 3 --langkah 9",
            ("draw",),
            {"prompt": "a fox", "negative": "salju", "count": 3, "steps": 9},
        ),
        (
            "/gambar rubah --ukuran persegi --panduan 9,5",
            ("draw",),
            {"prompt": "rubah", "size": "square", "cfg": 9.5},
        ),
        ("/draw a -- b --5 c -d", ("draw",), {"prompt": "a -- b --5 c -d"}),
        ("/DRAW rubah", ("draw",), {"prompt": "rubah"}),
        ("/gambar rubah", ("draw",), {"prompt": "rubah"}),
        ("/start", ("help",), {}),
        ("/quota please", ("quota",), {}),
        ("/cancel", ("cancel",), {}),
        ("/batal #ab12cd34", ("cancel",), {"job": "#ab12cd34"}),
        ("/adapter", ("adapter", "list"), {}),
        ("/adapter use retro batik", ("adapter", "use"), {"style": "retro", "adapter": "batik"}),
        ("/adapter USE --adapter batik retro", ("adapter", "use"), {"style": "retro", "adapter": "batik"}),
        ("/adapter info batik", ("adapter", "info"), {"adapter": "batik"}),
    ],
)
def test_a_command_is_understood(typed: str, path: tuple[str, ...], options: dict[str, Any]) -> None:
    assert parse(typed, BUILT_IN) == Invocation(path, options)


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("a fox seed=777", {"prompt": "a fox", "seed": 777}),
        ("a fox seed: 777", {"prompt": "a fox", "seed": 777}),
        ("a fox, seed : 777", {"prompt": "a fox,", "seed": 777}),
        ("a fox -seed 777", {"prompt": "a fox", "seed": 777}),
        ("a fox ——seed 777", {"prompt": "a fox", "seed": 777}),
        ("a fox -- seed 777", {"prompt": "a fox", "seed": 777}),
        ("a fox --seed: 777", {"prompt": "a fox", "seed": 777}),
        ("prompt: a fox negative: snow, ice cfg=7,5", {"prompt": "a fox", "negative": "snow, ice", "cfg": 7.5}),
        ("a fox --sampler euler a", {"prompt": "a fox", "sampler": "euler-a"}),
        ("a fox --sampler Euler a --seed 7", {"prompt": "a fox", "sampler": "euler-a", "seed": 7}),
        ("a fox sampler: DPM++ 2M Karras, steps: 9", {"prompt": "a fox", "sampler": "dpm++-2m-karras", "steps": 9}),
        ("--sampler euler a fox", {"prompt": "a fox", "sampler": "euler"}),
        ("--sampler dpm++ 2m karras a fox", {"prompt": "a fox", "sampler": "dpm++-2m-karras"}),
    ],
)
def test_options_are_understood_as_people_write_them(typed: str, options: dict[str, Any]) -> None:
    assert parse(f"/kancil {typed}", BUILT_IN).options == options


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox - and a deer -- at night",
        "a fox — seen from behind",
        "a mouse-deer -like animal",
        "photo at https://example.org/a=b",
        "ratio 16:9, time 12:30",
        'a sign "seed: 777"',
        "the title: a red fox",
    ],
)
def test_punctuation_in_a_prompt_is_no_option(prompt: str) -> None:
    assert parse(f"/kancil {prompt}", BUILT_IN).options == {"prompt": prompt}


def test_a_command_can_be_for_a_certain_bot() -> None:
    assert parse("/kancil@SanggarBot a deer", BUILT_IN) == Invocation(("kancil",), {"prompt": "a deer"}, "SanggarBot")


@pytest.mark.parametrize(
    ("typed", "reason", "values"),
    [
        ("kancil a deer", "not-a-command", {}),
        ("", "not-a-command", {}),
        ("/", "not-a-command", {}),
        ("/kncil a deer", "unknown-command", {"suggestion": "/kancil"}),
        ("/xyzzy", "unknown-command", {"suggestion": ""}),
        ("/adapter usee", "unknown-command", {"suggestion": "use"}),
        ("/kancil", "missing-prompt", {"command": "/kancil"}),
        ("/kancil --seed 7", "missing-prompt", {}),
        ('/kancil ""', "missing-prompt", {}),
        ("/kancil a deer --sed 7", "unknown-option", {"name": "sed", "suggestion": "--seed"}),
        ("/kancil a deer —sed 7", "unknown-option", {"name": "sed", "suggestion": "--seed"}),
        ("/kancil a deer -sed 7", "unknown-option", {"name": "sed", "suggestion": "--seed"}),
        ("/kancil a deer sed=7", "unknown-option", {"name": "sed", "suggestion": "--seed"}),
        ("/kancil a deer step: 7", "unknown-option", {"name": "step", "suggestion": "--steps"}),
        ("/kancil a deer -- sed 7", "unknown-option", {"name": "sed", "suggestion": "--seed"}),
        ("/kancil a deer seed: seven", "not-an-integer", {"option": "seed", "value": "seven"}),
        ("/kancil a deer --seed 1 --seed 2", "given-twice", {"option": "seed"}),
        ("/kancil a deer --prompt a fox", "unexpected-words", {"words": "a deer"}),
        ("/cancel abc def", "unexpected-words", {"words": "def"}),
        ("/kancil a deer --seed", "missing-value", {"option": "seed"}),
        ("/kancil a deer --seed --cfg 7", "missing-value", {"option": "seed"}),
        ("/kancil a deer --seed=many", "not-an-integer", {"option": "seed", "value": "many"}),
        ("/kancil a deer --steps 7.5", "not-an-integer", {"option": "steps"}),
        ("/kancil a deer --seed ７", "not-an-integer", {}),
        ("/kancil a deer --seed " + "9" * 5000, "not-an-integer", {}),
        ("/kancil a deer --cfg seven", "not-a-number", {"option": "cfg"}),
        ("/kancil a deer --cfg nan", "not-a-number", {}),
        ("/kancil a deer --cfg 31", "out-of-range", {"minimum": 2, "maximum": 30, "value": 31.0}),
        ("/kancil a deer --seed -2", "out-of-range", {"option": "seed"}),
        (f"/kancil a deer --seed {SEED_MAX + 1}", "out-of-range", {"maximum": SEED_MAX}),
        ("/kancil a deer --count 5", "out-of-range", {"minimum": 1, "maximum": 4}),
        ("/kancil a deer --sampler eulr", "unknown-choice", {"suggestion": "euler", "valid": tuple(SAMPLERS)}),
        ("/kancil " + "a" * (MEMBER_PROMPT_MAX + 1), "too-long", {"option": "prompt", "maximum": MEMBER_PROMPT_MAX}),
        ("/adapter info", "missing-option", {"option": "adapter"}),
        ("/adapter use draw batik", "unknown-choice", {"option": "style"}),
    ],
)
def test_what_is_wrong_is_said(typed: str, reason: str, values: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        parse(typed, BUILT_IN)
    assert refused.value.reason == reason
    assert values.items() <= refused.value.values.items()


def test_a_request_has_the_options_of_the_table() -> None:
    options = {"prompt": "a fox", "negative": None, "seed": "-1", "cfg": 7, "count": "2", "size": "wide"}
    assert draw_request("draw", options, BUILT_IN) == DrawRequest(
        "draw", "a fox", guidance_scale=7.0, count=2, size="wide"
    )
    assert draw_request("kancil", {"prompt": "x", "seed": 0}, BUILT_IN).seed == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "missing-prompt"),
        ({"prompt": "   "}, "missing-prompt"),
        ({"prompt": "x", "speed": 3}, "unknown-option"),
        ({"prompt": "x", "seed": True}, "not-an-integer"),
        ({"prompt": "x", "seed": 1.5}, "not-an-integer"),
        ({"prompt": "x", "cfg": float("nan")}, "out-of-range"),
        ({"prompt": "x", "seed": SEED_MAX, "count": 2}, "out-of-range"),
    ],
)
def test_a_request_is_checked_whatever_the_platform_let_through(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused) as refused:
        draw_request("draw", options, BUILT_IN)
    assert refused.value.reason == reason


def test_a_request_for_no_style_is_refused() -> None:
    with pytest.raises(Refused):
        draw_request("batik", {"prompt": "x"}, BUILT_IN)


NAMES = [command.name for command in BUILT_IN] + [option.name for option in DRAW_OPTIONS]
PIECES = st.one_of(
    st.sampled_from(["--", "—", "–", "=", '"', "“", "”", "'", "\n", " ", "-1", "7,5", "/", "@", ",", "\ud800", *NAMES]),
    st.text(max_size=8),
)


@PROPERTY
@given(st.lists(PIECES, max_size=20).map(lambda parts: "/kancil " + " ".join(parts)) | st.text(max_size=60))
def test_any_text_is_a_command_or_refused(text: str) -> None:
    with suppress(Refused):
        found = parse(text, BUILT_IN)
        assert found.path[0] in NAMES
        if found.path == ("kancil",):
            assert 0 < len(draw_request("kancil", found.options, BUILT_IN).prompt.encode()) <= 4 * MEMBER_PROMPT_MAX


@PROPERTY
@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.booleans()
    )
)
def test_any_options_are_a_request_or_refused(options: dict[str, object]) -> None:
    with suppress(Refused):
        request = draw_request("draw", options, BUILT_IN)
        assert request.seed is None or 0 <= request.seed <= SEED_MAX - request.count + 1
        assert request.guidance_scale is None or 2 <= request.guidance_scale <= 30


PROMPTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="-—–\"“”„‟«»'‘’/"), min_size=1
).filter(lambda text: text.split())


REQUESTS = st.builds(
    DrawRequest,
    style=st.just("draw"),
    prompt=PROMPTS.map(lambda text: " ".join(text.split())),
    seed=st.integers(0, SEED_MAX - 3),
    guidance_scale=st.integers(2000, 30000).map(lambda thousandths: thousandths / 1000),
    steps=st.integers(1, 100),
    count=st.integers(1, 4),
    size=st.sampled_from(list(SIZES)),
    sampler=st.sampled_from(list(SAMPLERS)),
)


@PROPERTY
@given(REQUESTS, st.permutations(range(7)))
def test_every_request_can_be_typed_with_its_options_in_any_order(request: DrawRequest, order: list[int]) -> None:
    parts = [
        request.prompt,
        f"--seed {request.seed}",
        f"--cfg={request.guidance_scale:.3f}".replace(".", ","),
        f"—steps {request.steps}",
        f"--count {request.count}",
        f"--size {request.size}",
        f'--sampler "{SAMPLERS[request.sampler or ""]}"',
    ]
    found = parse("/draw " + " ".join(parts[index] for index in order), BUILT_IN)
    assert draw_request("draw", found.options, BUILT_IN) == request
