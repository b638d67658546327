"""Who is let in: by key, or without one by the machine that the request was meant for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from engine.api import guard
from tests.engine_kit.live import Live, serve


@pytest.fixture(scope="module")
def keyed(tiny: Path) -> Iterator[Live]:
    with serve(tiny, engine_key="secret") as live:
        yield live


def counted(live: Live, code: str) -> float:
    lines = live.http.get("/metrics").text.splitlines()
    values = [line.split()[-1] for line in lines if line.startswith(f'sanggar_error_answers_total{{code="{code}"}}')]
    return float(values[0]) if values else 0.0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8801", "[::1]:8801", "LOCALHOST", "127.8.9.10"])
def test_without_a_key_this_machine_is_answered_by_all_its_names(live: Live, host: str) -> None:
    assert live.http.get("/v1/models", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8801", "", "[", "10.0.0.7"])
@pytest.mark.parametrize("path", ["/v1/models", "/health"])
def test_without_a_key_another_name_is_refused(live: Live, host: str, path: str) -> None:
    refused = live.http.get(path, headers={"Host": host})
    assert refused.status_code in {400, 403}
    if refused.status_code == 403:
        assert "SANGGAR_ENGINE_KEY" in refused.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_without_a_key_another_sites_page_changes_nothing(live: Live, origin: str) -> None:
    refused = live.http.post("/v1/adapters/kancil/pin", headers={"Origin": origin})
    assert refused.status_code == 403
    assert live.http.get("/health", headers={"Origin": "http://localhost:3000"}).status_code == 200


def test_with_a_key_any_name_will_do(keyed: Live) -> None:
    assert keyed.http.get("/v1/models", headers={"Host": "engine.example"}).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_key_is_written_in_any_case(keyed: Live, scheme: str) -> None:
    assert keyed.http.get("/v1/models", headers={"Authorization": f"{scheme} secret"}).status_code == 200


def test_wrong_keys_are_counted_slowed_down_and_told_once(keyed: Live, caplog: pytest.LogCaptureFixture) -> None:
    before = counted(keyed, "invalid_api_key")
    wrong = {"Authorization": "Bearer guess"}
    began = time.monotonic()
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{keyed.url}/v1/models", headers=wrong).status_code, range(20)))
        right_at = time.monotonic()
        assert keyed.http.get("/v1/models").status_code == 200
        assert time.monotonic() - right_at < guard.WRONG_KEY_SECONDS_MAX
    assert answers == [401] * 20
    assert time.monotonic() - began > 19 * guard.WRONG_KEY_SECONDS
    assert counted(keyed, "invalid_api_key") == before + 20
    assert sum("wrong key" in record.getMessage() for record in caplog.records) <= 1


def test_who_is_sent_away_is_counted(live: Live) -> None:
    before = counted(live, "invalid_value")
    assert live.post({"prompt": ""}).status_code == 400
    assert counted(live, "invalid_value") == before + 1
