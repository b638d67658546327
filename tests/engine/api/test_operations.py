"""What operators use: the adapters in memory, metrics, the dashboard, the API's description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_kit.adapters import write_dreambooth, write_lora
from tests.engine_kit.judge import Wish
from tests.engine_kit.live import Live, serve
from tests.kit import ROOT

DASHBOARD = ROOT / "docs/dashboards/engine.json"


@pytest.fixture(scope="module")
def stocked(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("stock")
    write_lora(folder / "lora", tiny, rank=2, style={"command": "batik", "weight": 0.8}, trigger_words=("wax",))
    write_dreambooth(folder / "dream", tiny)
    write_lora(folder / "foreign", tiny, prediction_type="epsilon")
    with serve(tiny, folder) as live:
        yield live


def listed(live: Live, name: str) -> dict[str, object]:
    entries = {entry["name"]: entry for entry in live.http.get("/v1/adapters").json()["data"]}
    return dict(entries[name])


def test_the_style_of_an_adapter_is_listed_with_its_defaults_filled_in(stocked: Live) -> None:
    expected = {"command": "batik", "frame": "{prompt}, wax", "weight": 0.8, "description": "Lora"}
    assert listed(stocked, "lora")["style"] == expected
    assert listed(stocked, "dream")["style"] is None


@pytest.mark.parametrize("name", ["lora", "dream"])
def test_an_adapter_is_loaded_pinned_and_unloaded(stocked: Live, name: str) -> None:
    assert not listed(stocked, name)["loaded"]
    assert stocked.http.post(f"/v1/adapters/{name}/load").json()["loaded"]
    pinned = stocked.http.post(f"/v1/adapters/{name}/pin").json()
    assert pinned["pinned"]
    assert pinned["bytes"] > 0
    assert listed(stocked, name) == pinned
    unloaded = stocked.http.post(f"/v1/adapters/{name}/unload").json()
    assert not unloaded["loaded"]
    assert not unloaded["pinned"]


@pytest.mark.parametrize(("name", "status"), [("ghost", 404), ("foreign", 422)])
@pytest.mark.parametrize("verb", ["load", "pin", "unload"])
def test_an_adapter_that_cannot_be_used_cannot_be_loaded(stocked: Live, name: str, status: int, verb: str) -> None:
    answer = stocked.http.post(f"/v1/adapters/{name}/{verb}")
    assert answer.status_code == status
    assert name in answer.json()["error"]["message"]


def test_a_pinned_adapter_outlives_a_full_memory(stocked: Live) -> None:
    shelf = stocked.engine.adapters.loras
    stocked.http.post("/v1/adapters/lora/pin")
    budget, shelf.budget = shelf.budget, 0
    stocked.draw(Wish(num_inference_steps=1, adapters=(("lora", 1.0),)))
    assert stocked.engine.admission.wait_idle(60)
    assert listed(stocked, "lora")["loaded"]
    stocked.http.post("/v1/adapters/lora/unload")
    stocked.draw(Wish(num_inference_steps=1, adapters=(("lora", 1.0),)))
    assert stocked.engine.admission.wait_idle(60)
    assert not listed(stocked, "lora")["loaded"]
    shelf.budget = budget


def test_the_dashboard_shows_metrics_that_exist(stocked: Live) -> None:
    stocked.draw(Wish(num_inference_steps=1))
    known = set(re.findall(r"^(sanggar_\w+)", stocked.http.get("/metrics").text, re.MULTILINE))
    shown = set(re.findall(r"sanggar_\w+", DASHBOARD.read_text())) - {"sanggar_engine"}
    assert shown
    assert shown <= known


def test_the_description_names_every_route(stocked: Live) -> None:
    described = stocked.http.get("/openapi.json").json()
    for path, operations in described["paths"].items():
        for method in operations:
            url = path.replace("{name}", "ghost").replace("{id}", "ghost")
            assert stocked.http.request(method, url).status_code != 405, path
    used = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described)))
    assert used <= set(described["components"]["schemas"])


def test_progress_foretells_when_the_picture_will_be_there(stocked: Live) -> None:
    stocked.draw(Wish())
    body = {"prompt": "x", "num_inference_steps": 50, "stream": True, "progress": True}
    events = [json.loads(line[6:]) for line in stocked.post(body).text.splitlines() if line.startswith("data: ")]
    told = [event for event in events if event["type"].endswith("progress")]
    assert all(0 <= event["eta_seconds"] <= event["eta_p90_seconds"] for event in told)
    assert [event["step"] for event in told] == sorted(event["step"] for event in told)
