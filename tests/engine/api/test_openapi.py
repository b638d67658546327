"""Schemathesis against our own OpenAPI: whatever it sends, no 5xx and no answer that is not described."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from engine.api.openapi import description
from tests.engine_kit.live import Live

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FOUND: Any = schemathesis.openapi.from_dict(description()).get_all_operations()
OPERATIONS = [found.ok() for found in FOUND]
TAKES_INPUT = [one for one in OPERATIONS if one.path_parameters or one.body]
THOROUGH = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def hasten(body: Any) -> Any:
    """The same request with few steps and pictures, where it is one that would be drawn."""
    if not isinstance(body, dict):
        return body
    steps, count = body.get("num_inference_steps"), body.get("n", 1)
    few = {"num_inference_steps": 1} if steps is None or (type(steps) is int and 1 <= steps <= 100) else {}
    return body | few | ({"n": 1} if type(count) is int and 1 <= count <= 10 else {})


def probe(live: Live, operation: Any, mode: GenerationMode) -> int:
    """How many requests were answered as described; fails at the first one that was not."""
    answered = 0

    @THOROUGH
    @given(case=operation.as_strategy(mode))
    def answers_as_described(case: schemathesis.Case[Any]) -> None:
        nonlocal answered
        case.body = hasten(case.body)
        case.call_and_validate(base_url=live.url, checks=CHECKS)
        answered += 1

    answers_as_described()
    return answered


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: str(one.label))
def test_what_the_description_allows_is_answered_as_described(live: Live, operation: Any) -> None:
    assert probe(live, operation, GenerationMode.POSITIVE) > 0


@pytest.mark.parametrize("operation", TAKES_INPUT, ids=lambda one: str(one.label))
def test_what_the_description_forbids_is_answered_as_described(live: Live, operation: Any) -> None:
    assert probe(live, operation, GenerationMode.NEGATIVE) > 0
