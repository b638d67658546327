"""Cancelling: by hanging up or by the request's id, whether it is being prepared or drawn."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from engine.batch.active_request import ActiveRequest
from tests.engine_kit.judge import Wish
from tests.engine_kit.live import Live
from tests.kit.eventually import eventually

PATH = "/v1/images/generations"
LONG: dict[str, Any] = {"prompt": "x", "num_inference_steps": 100, "n": 4}


@contextmanager
def unanswered(live: Live, body: dict[str, Any]) -> Iterator[ActiveRequest]:
    """A request that the engine has accepted; the client hangs up when the block ends."""
    with closing(HTTPConnection(urlsplit(live.url).netloc)) as connection:
        connection.request("POST", PATH, json.dumps(body), {"Content-Type": "application/json"})
        request = eventually(live.engine.admission.jobs)[-1]
        yield request


def cancelled(live: Live) -> float:
    """How many requests ended so."""
    found = re.search(r'sanggar_requests_total{outcome="cancelled"} (\S+)', live.http.get("/metrics").text)
    return float(found[1]) if found else 0.0


def test_a_request_can_be_cancelled_by_its_id(live: Live) -> None:
    with live.http.stream("POST", PATH, json=LONG | {"stream": True, "progress": True}) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if "progress" in line)
        stopped = live.http.delete(f"/v1/requests/{answer.headers['x-request-id']}")
        assert stopped.json()["cancelled"]
        assert "event: error" in list(lines)
    assert not live.engine.admission.jobs()
    assert live.http.delete("/v1/requests/unknown").status_code == 404


@pytest.mark.parametrize("streamed", [True, False])
def test_hanging_up_cancels_the_request(live: Live, streamed: bool) -> None:
    before = cancelled(live)
    with unanswered(live, LONG | {"stream": streamed, "progress": True}) as request:
        eventually(lambda: request.drawing)
    assert live.engine.admission.wait_idle(60)
    assert cancelled(live) == before + 1


@pytest.mark.parametrize("streamed", [True, False])
def test_hanging_up_cancels_a_request_that_is_being_prepared(live: Live, streamed: bool) -> None:
    with live.nothing_computed():
        with unanswered(live, LONG | {"prompt": f"unknown {streamed}", "stream": streamed}):
            pass
        assert live.engine.admission.wait_idle(60)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_that_is_being_prepared_can_be_cancelled_by_its_id(
    live: Live, streamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[httpx.Response] = []
    body, headers = LONG | {"prompt": f"new {streamed}", "stream": streamed}, {"X-Request-Id": "early"}
    thread = threading.Thread(target=lambda: answers.append(live.http.post(PATH, json=body, headers=headers)))
    with live.nothing_computed():
        thread.start()
        eventually(live.engine.admission.jobs)
        assert live.http.delete("/v1/requests/early").json()["cancelled"]
        thread.join()
    assert answers[0].status_code == 409
    assert answers[0].json()["error"]["code"] == "cancelled"
    live.draw(Wish(num_inference_steps=1))
    assert not caplog.records


def test_an_id_can_be_used_again_once_its_request_has_ended(live: Live) -> None:
    headers = {"X-Request-Id": "again"}
    for _ in range(2):
        assert live.http.post(PATH, json={"prompt": "x", "num_inference_steps": 1}, headers=headers).status_code == 200
    assert live.http.delete("/v1/requests/again").status_code == 404
