"""Cancelling: by hanging up or by the request's id, whether it is being prepared or drawn."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.engine_kit.judge import Wish
from tests.engine_kit.live import Live

PATH = "/v1/images/generations"
LONG: dict[str, Any] = {"prompt": "x", "num_inference_steps": 100, "n": 4}


@contextmanager
def nothing_computed(live: Live) -> Iterator[None]:
    """Requests stay where they are: no prompt is encoded and no step taken."""
    with live.engine._turns:
        yield


def test_a_request_can_be_cancelled_by_its_id(live: Live) -> None:
    with live.http.stream("POST", PATH, json=LONG | {"stream": True, "progress": True}) as answer:
        lines = answer.iter_lines()
        next(line for line in lines if "progress" in line)
        cancelled = live.http.delete(f"/v1/requests/{answer.headers['x-request-id']}")
        assert cancelled.json()["cancelled"]
        assert "event: error" in list(lines)
    assert not live.engine.admission.jobs()
    assert live.http.delete("/v1/requests/unknown").status_code == 404


@pytest.mark.parametrize("streamed", [True, False])
def test_hanging_up_cancels_the_request(live: Live, streamed: bool) -> None:
    with httpx.Client(base_url=live.url) as impatient:
        body = LONG | {"stream": streamed, "progress": True}
        if streamed:
            with impatient.stream("POST", PATH, json=body) as answer:
                next(answer.iter_lines())
        else:
            with pytest.raises(httpx.ReadTimeout):
                impatient.post(PATH, json=body, timeout=0.3)
    assert live.engine.admission.wait_idle(10)
    assert 'outcome="cancelled"' in live.http.get("/metrics").text


@pytest.mark.parametrize("streamed", [True, False])
def test_hanging_up_cancels_a_request_that_is_being_prepared(live: Live, streamed: bool) -> None:
    with nothing_computed(live):
        with httpx.Client(base_url=live.url) as impatient, pytest.raises(httpx.ReadTimeout):
            impatient.post(PATH, json=LONG | {"prompt": f"unknown {streamed}", "stream": streamed}, timeout=0.3)
        assert live.engine.admission.wait_idle(10)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_request_that_is_being_prepared_can_be_cancelled_by_its_id(
    live: Live, streamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[httpx.Response] = []
    body, headers = LONG | {"prompt": f"new {streamed}", "stream": streamed}, {"X-Request-Id": "early"}
    thread = threading.Thread(target=lambda: answers.append(live.http.post(PATH, json=body, headers=headers)))
    with nothing_computed(live):
        thread.start()
        while not live.engine.admission.jobs():
            pass
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
