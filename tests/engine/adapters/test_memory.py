"""Adapters in memory: read beside everything else, within their budgets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from adapters.registry import Adapter
from engine.adapters.checkpoints import Checkpoint, checkpoint_bytes, read_checkpoint
from engine.adapters.weights import Lora, Reader
from engine.diffusion.model import load_model
from tests.engine_kit.adapters import write_dreambooth, write_lora
from tests.engine_kit.judge import Wish
from tests.engine_kit.live import Live, serve


@pytest.fixture(scope="module")
def folder(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    for seed in range(2):
        write_lora(folder / f"lora-{seed}", tiny, seed=seed, text=False)
        write_dreambooth(folder / f"dream-{seed}", tiny, seed=seed)
    return folder


@pytest.fixture
def live(tiny: Path, folder: Path) -> Iterator[Live]:
    with serve(tiny, folder) as live:
        yield live


def wish(name: str) -> Wish:
    return Wish(num_inference_steps=2, adapters=((name, 1.0),))


def test_while_a_checkpoint_is_read_everyone_else_is_drawn(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, read = threading.Event(), threading.Event(), Reader.read

    def slow(reader: Reader, adapter: Adapter) -> Lora | Checkpoint:
        if adapter.name == "dream-0":
            begun.set()
            assert go_on.wait(60)
        return read(reader, adapter)

    monkeypatch.setattr(Reader, "read", slow)
    live.http.post("/v1/adapters/lora-0/load")
    live.http.timeout = 30
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(live.draw, wish("dream-0"))
        try:
            assert begun.wait(60)
            live.draw(Wish(num_inference_steps=1))
            live.draw(wish("lora-0"))
            live.draw(wish("lora-1"))
            assert live.http.get("/v1/adapters").status_code == 200
            assert live.http.post("/v1/adapters/lora-0/unload").status_code == 200
            assert not waiting.done()
        finally:
            go_on.set()
        waiting.result()


def test_a_checkpoint_makes_room_before_it_is_read(
    live: Live, tiny: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, before, read = live.engine.adapters.variants, [], Reader.read

    def watched(reader: Reader, adapter: Adapter) -> Lora | Checkpoint:
        before.append(shelf.bytes)
        return read(reader, adapter)

    monkeypatch.setattr(Reader, "read", watched)
    size = live.http.post("/v1/adapters/dream-0/load").json()["bytes"]
    shelf.budget = int(1.5 * size)
    live.draw(wish("dream-1"))
    assert before == [0, 0]
    assert shelf.bytes == size


def test_a_checkpoint_that_cannot_fit_says_how_much_it_needs(live: Live) -> None:
    shelf = live.engine.adapters.variants
    shelf.budget = live.http.post("/v1/adapters/dream-0/pin").json()["bytes"]
    for budget, pinned in ((shelf.budget, True), (0, False)):
        shelf.budget = budget
        answer = live.post(wish("dream-1").body())
        assert answer.status_code == 422
        assert "SANGGAR_VARIANT_MEMORY_MB" in answer.json()["error"]["message"]
        assert ("pinned" in answer.json()["error"]["message"]) == pinned
        live.http.post("/v1/adapters/dream-0/unload")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_checkpoint_is_measured_in_the_models_precision(tiny: Path, folder: Path, dtype: str) -> None:
    model = load_model(str(tiny), "cpu", dtype)
    base = Checkpoint("", model.unet, model.text_encoder)
    read = read_checkpoint("key", folder / "dream-0", base, str(tiny))
    assert read.bytes == checkpoint_bytes(folder / "dream-0", base)
    on_disk = sum(file.stat().st_size for file in (folder / "dream-0").rglob("*.safetensors"))
    assert read.bytes < (0.6 if dtype == "bfloat16" else 1.0) * on_disk
    assert model.dtype == getattr(torch, dtype)


def test_an_adapter_that_was_replaced_on_disk_can_be_unloaded(live: Live, tiny: Path, folder: Path) -> None:
    write_lora(folder / "changing", tiny, seed=1, text=False)
    live.http.post("/v1/adapters/changing/pin")
    for file in (folder / "changing").iterdir():
        file.unlink()
    (folder / "changing").rmdir()
    write_lora(folder / "changing", tiny, seed=2, text=False)
    live.http.post("/v1/adapters/changing/load")
    assert len(live.engine.adapters.loras.items) == 2
    live.http.post("/v1/adapters/changing/unload")
    assert not live.engine.adapters.loras.items
    assert live.engine.adapters.loras.bytes == 0
