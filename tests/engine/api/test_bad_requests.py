"""Whatever is sent, the answer is a 4xx that says what is valid, in the shape of the OpenAI API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine_kit.live import Live

PATH = "/v1/images/generations"
DEEP = "[" * 100_000
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "prompt", "required"),
    ({"prompt": ""}, "prompt", "at least 1"),
    ({"prompt": "  \n"}, "prompt", "empty"),
    ({"prompt": "x" * 4001}, "prompt", "at most 4000"),
    ({"prompt": "a\0b"}, "prompt", "null"),
    ({"prompt": 5}, "prompt", "string"),
    ({"prompt": "x", "negative_prompt": "\0"}, "negative_prompt", "null"),
    ({"prompt": "x", "n": 0}, "n", "greater than or equal to 1"),
    ({"prompt": "x", "n": 11}, "n", "less than or equal to 10"),
    ({"prompt": "x", "n": "2"}, "n", "integer"),
    ({"prompt": "x", "n": True}, "n", "integer"),
    ({"prompt": "x", "n": 1.5}, "n", "integer"),
    ({"prompt": "x", "size": "512"}, "size", "512x512"),
    ({"prompt": "x", "size": "65x64"}, "size", "multiples of 8"),
    ({"prompt": "x", "size": "2056x64"}, "size", "2048"),
    ({"prompt": "x", "size": "٦٤x٦٤"}, "size", "multiples of 8"),
    ({"prompt": "x", "seed": -2}, "seed", "-1"),
    ({"prompt": "x", "seed": 2**32}, "seed", "4294967295"),
    ({"prompt": "x", "guidance_scale": 0.5}, "guidance_scale", "1"),
    ({"prompt": "x", "guidance_scale": 1e999}, "", "not a number"),
    ({"prompt": "x", "guidance_scale": float("nan")}, "", "not a number"),
    ({"prompt": "x", "num_inference_steps": 101}, "num_inference_steps", "100"),
    ({"prompt": "x", "sampler": "magic"}, "sampler", "dpm++-2m-karras"),
    ({"prompt": "x", "model": "dall-e-3"}, "model", "tiny"),
    ({"prompt": "x", "response_format": "url"}, "response_format", "b64_json"),
    ({"prompt": "x", "output_format": "webp"}, "output_format", "png"),
    ({"prompt": "x", "partial_images": 2}, "partial_images", "stream"),
    ({"prompt": "x", "stream": True, "partial_images": 11}, "partial_images", "10"),
    ({"prompt": "x", "adapters": [{"name": "ghost"}]}, "adapters", "no adapter 'ghost'"),
    ({"prompt": "x", "adapters": [{"name": "a", "weight": 3}]}, "adapters.0.weight", "2"),
    ({"prompt": "x", "adapters": [{"name": "a"}, {"name": "a"}]}, "adapters", "more than once"),
    ({"prompt": "x", "adapters": [{"name": "../etc", "path": "/"}]}, "adapters.0.path", "not permitted"),
    ({"prompt": "x", "adapters": [{"name": str(i)} for i in range(5)]}, "adapters", "at most 4"),
]


def refusal(live: Live, content: str | bytes, content_type: str = "application/json") -> dict[str, Any]:
    """The error of an answer, which must be a 4xx and leak nothing."""
    answer = live.http.post(PATH, content=content, headers={"Content-Type": content_type})
    assert 400 <= answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert "/home" not in answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return error | {"status": answer.status_code}


@pytest.mark.parametrize(("body", "param", "valid"), WRONG, ids=lambda value: str(value)[:50])
def test_a_wrong_field_is_named_with_what_is_valid(live: Live, body: dict[str, Any], param: str, valid: str) -> None:
    error = refusal(live, json.dumps(body))
    assert (error["param"] or "") == param
    assert valid in error["message"]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        ("", "application/json", 400),
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("null", "application/json", 400),
        ('{"prompt": "\\ud800"}', "application/json", 400),
        (b'{"prompt": "\xff"}', "application/json", 400),
        (DEEP, "application/json", 400),
        ('{"prompt": "x", "n": ' + "9" * 5000 + "}", "application/json", 400),
        ('{"prompt": "x"}', "text/plain", 415),
        ("prompt=x", "application/x-www-form-urlencoded", 415),
        ('{"prompt": "' + "x" * (2 << 20) + '"}', "application/json", 413),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_is_no_request_is_refused(live: Live, content: Any, content_type: str, status: int) -> None:
    assert refusal(live, content, content_type)["status"] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("PUT", "/health", 405),
        ("POST", "/v1/models", 405),
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/v1/models/%00", 404),
        ("DELETE", "/v1/requests/..%2f..", 404),
    ],
)
def test_a_wrong_path_or_method_is_told_in_the_same_shape(live: Live, method: str, path: str, status: int) -> None:
    answer = live.http.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "prompt",
    "n",
    "size",
    "seed",
    "guidance_scale",
    "num_inference_steps",
    "sampler",
    "adapters",
    "user",
    "stream",
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1))
def test_no_json_makes_the_engine_fail(live: Live, body: dict[str, Any]) -> None:
    body = {"num_inference_steps": 1, "n": 1} | body
    answer = live.http.post(PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, answer.text
