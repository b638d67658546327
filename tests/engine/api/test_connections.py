"""A server under clients that connect and say little: it stays there for the others, and does not fill the log."""

from __future__ import annotations

import resource
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from engine.api import bodies, connections
from tests.conftest import engine_process
from tests.engine_kit.live import Live

HALF = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
SLOW = b"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def connect(url: str, said: bytes) -> socket.socket:
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname, parts.port), timeout=20)
    client.sendall(said)
    return client


def answer(client: socket.socket) -> bytes:
    """Everything until the other side closes."""
    said = b""
    try:
        while chunk := client.recv(65536):
            said += chunk
    except ConnectionResetError:
        pass
    return said


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.3)


def test_who_never_ends_the_headers_is_cut(live: Live, hurried: None) -> None:
    with connect(live.url, HALF) as client:
        assert answer(client) == b""


def test_who_waits_after_an_answer_is_cut_as_well(live: Live, hurried: None) -> None:
    with connect(live.url, HALF + b"\r\n" + HALF) as client:
        assert answer(client).count(b"HTTP/1.1 200") == 1


def test_who_sends_two_requests_at_once_gets_two_answers(live: Live) -> None:
    with connect(live.url, HALF + b"\r\n" + HALF + b"Connection: close\r\n\r\n") as client:
        assert answer(client).count(b'"status":"ready"') == 2


def test_a_body_that_does_not_come_is_told_and_cut(live: Live, hurried: None) -> None:
    with connect(live.url, SLOW + b"Content-Length: 99\r\n\r\n{") as client:
        assert answer(client).startswith(b"HTTP/1.1 408 ")


def test_headers_without_end_are_refused(live: Live) -> None:
    with connect(live.url, HALF + b"X-Long: " + b"x" * connections.HEAD_BYTES * 2) as client:
        assert answer(client)[:13] in {b"HTTP/1.1 400 ", b""}  # or the connection was reset before it could be read


def test_a_request_under_way_outlives_the_time_for_its_headers(live: Live, hurried: None) -> None:
    body = {"prompt": "x", "num_inference_steps": 30}
    assert live.post(body).status_code == 200


def test_where_all_places_are_taken_the_one_that_waits_longest_goes(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 5)
    with ExitStack() as stack:
        held = [stack.enter_context(connect(live.url, HALF)) for _ in range(12)]
        for _ in range(3):
            assert httpx.get(f"{live.url}/health", timeout=5).status_code == 200
        assert answer(held[0]) == b""


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """This process may hold 2,000; the engine that it starts gets 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this machine lends no process 2,048 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.timeout(600)
def test_eleven_hundred_half_open_connections_leave_the_engine_in_reach(tmp_path: Path, many_descriptors: None) -> None:
    command = ["sh", "-c", f"ulimit -Sn 1024; exec {sys.executable} -m engine"]
    with (tmp_path / "log").open("w") as log, engine_process(command, log) as (url, _), ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connect(url, HALF))
        for _ in range(5):
            assert httpx.get(f"{url}/health", timeout=10).json()["status"] == "ready"
    assert len((tmp_path / "log").read_text().splitlines()) <= 100
