"""Manifests and the registry: what is there, what is broken and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from adapters.manifest import BrokenAdapter, Manifest, ManifestError, UnknownAdapter, read_manifest
from adapters.registry import LORA_FILE, Adapter, Registry, hash_files


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def make_adapter(root: Path, name: str = "kancil", **changes: Any) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    save_file({"unet.a": torch.arange(6.0)}, folder / LORA_FILE)
    fields = {
        "name": name,
        "title": name.title(),
        "kind": "lora",
        "base_model": "nano",
        "prediction_type": "v_prediction",
        "rank": 16,
        "sha256": hash_files([folder / LORA_FILE]),
        "licence": "Apache-2.0",
    }
    (folder / "manifest.json").write_text(json.dumps(fields | changes))
    return folder


def test_a_manifest_survives_writing_and_reading(tmp_path: Path) -> None:
    manifest = read_manifest(make_adapter(tmp_path, trigger_words=["kancil style"]) / "manifest.json")
    manifest.write(tmp_path / "again.json")
    assert read_manifest(tmp_path / "again.json") == manifest
    assert manifest.trigger_words == ("kancil style",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "No Slug"}, "name"),
        ({"name": "../up"}, "name"),
        ({"kind": "hypernetwork"}, "kind"),
        ({"prediction_type": "v"}, "prediction_type"),
        ({"rank": 0}, "rank"),
        ({"rank": None}, "rank"),
        ({"kind": "dreambooth"}, "rank"),
        ({"sha256": "abc"}, "sha256"),
        ({"licence": ""}, "licence"),
        ({"colour": "red"}, "colour"),
        ({"style": {"command": "Batik!"}}, r"style\.command: 'Batik!' cannot be a command: 1 to 32 of a-z"),
        ({"style": {"command": "ba-tik"}}, r"style\.command"),
        ({"style": {"command": "help"}}, r"style\.command: /help is a command of the bot already"),
        ({"style": {"command": "batik", "frame": "batik"}}, r"style\.frame: 'batik' must hold {prompt} once"),
        ({"style": {"command": "batik", "frame": "{prompt} {prompt}"}}, r"style\.frame"),
        ({"style": {"command": "batik", "weight": 2.1}}, r"style\.weight"),
        ({"style": {"command": "batik", "description": "x" * 101}}, r"style\.description"),
        ({"kind": "dreambooth", "rank": None, "style": {"command": "batik", "weight": 0.7}}, "weight"),
    ],
)
def test_a_wrong_manifest_names_the_field_and_the_file(tmp_path: Path, changes: dict[str, Any], field: str) -> None:
    file = make_adapter(tmp_path, "kancil") / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    with pytest.raises(ManifestError, match=rf"{file}: .*\b{field}"):
        read_manifest(file)


def test_a_style_without_a_frame_puts_the_trigger_words_behind_what_was_typed(tmp_path: Path) -> None:
    words = {"trigger_words": ["batik", "wax"]}
    frames = [
        read_manifest(make_adapter(tmp_path, name, **fields) / "manifest.json").frame
        for name, fields in {
            "old": {},
            "words": {"style": {"command": "batik"}, **words},
            "told": {"style": {"command": "batik", "frame": "batik of {prompt}"}, **words},
        }.items()
    ]
    assert frames == ["{prompt}", "{prompt}, batik, wax", "batik of {prompt}"]


def test_a_broken_folder_is_reported_and_hides_no_other(tmp_path: Path) -> None:
    make_adapter(tmp_path, "good")
    (make_adapter(tmp_path, "broken-json") / "manifest.json").write_text("{")
    (make_adapter(tmp_path, "no-manifest") / "manifest.json").unlink()
    (make_adapter(tmp_path, "no-weights") / LORA_FILE).unlink()
    make_adapter(tmp_path, "other").rename(tmp_path / "renamed")
    weights = make_adapter(tmp_path, "truncated") / LORA_FILE
    weights.write_bytes(weights.read_bytes()[:-4])
    (make_adapter(tmp_path, "no-tensors") / LORA_FILE).write_bytes(b"hello, world")
    registry = Registry([tmp_path])
    assert [adapter.name for adapter in registry.list()] == ["good"]
    reasons = {folder.name: reason for folder, reason in registry.broken().items()}
    for name, reason in {
        "broken-json": "not JSON",
        "no-manifest": "cannot be read",
        "no-weights": LORA_FILE,
        "renamed": "name",
        "truncated": "truncated",
        "no-tensors": "not a safetensors file",
    }.items():
        assert reason in reasons.pop(name)
    assert not reasons
    with pytest.raises(BrokenAdapter, match="truncated"):
        registry.get("truncated")


def test_what_cannot_be_read_is_left_out_with_a_line_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_adapter(tmp_path, "good")
    make_adapter(tmp_path, "wordy", trigger_words=["word" * 260])
    offsets = b'{"unet.a":{"dtype":"F32","shape":[1],"data_offsets":["0","4"]}}'
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    for name, header in (("text-offsets", offsets), ("deep", deep)):
        (make_adapter(tmp_path, name) / LORA_FILE).write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    make_adapter(tmp_path, "closed")
    reading = Path.open

    def closed(path: Path, *arguments: Any, **more: Any) -> Any:
        if path == tmp_path / "closed" / LORA_FILE:
            raise PermissionError(13, "Permission denied", str(path))
        return reading(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", closed)
    registry = Registry([tmp_path])
    assert [adapter.name for adapter in registry.list()] == ["good"]
    assert {folder.name for folder in registry.broken()} == {"wordy", "text-offsets", "deep", "closed"}
    assert "Permission denied" in registry.broken()[tmp_path / "closed"]
    assert len([line for line in caplog.messages if "is left out" in line]) == 4


def test_an_unknown_name_lists_the_valid_ones_and_the_nearest(tmp_path: Path) -> None:
    for name in ("kancil", "landscape"):
        make_adapter(tmp_path, name)
    with pytest.raises(UnknownAdapter, match=r"Did you mean 'kancil'\? There are: kancil, landscape"):
        Registry([tmp_path]).get("kansil")
    with pytest.raises(UnknownAdapter, match=r"no adapter 'xyzzy'\. There are: none"):
        Registry([tmp_path / "empty"]).get("xyzzy")


def test_what_changes_while_it_runs_appears(tmp_path: Path) -> None:
    registry = Registry([tmp_path / "shipped", tmp_path / "own"])
    assert registry.list() == []
    folder = make_adapter(tmp_path / "own", "new")
    assert registry.get("new").folder == folder
    (folder / "manifest.json").write_text("not json at all")
    assert registry.list() == []
    assert list(registry.broken()) == [folder]


def test_one_who_lists_sees_every_adapter_while_another_reads_the_folders_again(
    tmp_path: Path, hasty_threads: None
) -> None:
    folders = [make_adapter(tmp_path, name) for name in ("one", "other")]
    registry, over = Registry([tmp_path]), threading.Event()

    def change() -> None:
        for index in range(1000):
            os.utime(folders[0] / "manifest.json", (index, index))
            registry.list()
        over.set()

    thread = threading.Thread(target=change)
    thread.start()
    seen = {len(registry.list()) for _ in iter(over.is_set, True)}
    thread.join()
    assert seen <= {2}


def test_the_earlier_folder_counts_and_the_other_is_reported(tmp_path: Path) -> None:
    first, second = make_adapter(tmp_path / "a"), make_adapter(tmp_path / "b")
    registry = Registry([tmp_path / "a", tmp_path / "b"])
    assert registry.get("kancil").folder == first
    assert "has this name already" in registry.broken()[second]


def test_verify_finds_a_changed_byte(tmp_path: Path) -> None:
    make_adapter(tmp_path)
    adapter = Registry([tmp_path]).get("kancil")
    adapter.verify()
    weights = bytearray(adapter.files()[0].read_bytes())
    weights[-1] ^= 1
    adapter.files()[0].write_bytes(weights)
    with pytest.raises(BrokenAdapter, match="SHA-256"):
        adapter.verify()


def test_a_dreambooth_checkpoint_is_hashed_over_its_components_in_order(tmp_path: Path) -> None:
    files = [tmp_path / "text_encoder/model.safetensors", tmp_path / "unet/diffusion_pytorch_model.safetensors"]
    for number, file in enumerate(files):
        file.parent.mkdir()
        save_file({"weight": torch.full((3,), float(number))}, file)
    manifest = Manifest(
        name="retro",
        title="Retro",
        kind="dreambooth",
        base_model="nano",
        prediction_type="v_prediction",
        sha256=hash_files(files),
        licence="Apache-2.0",
    )
    adapter = Adapter(manifest, tmp_path)
    adapter.verify()
    assert adapter.files() == files
    with pytest.raises(BrokenAdapter):
        Adapter(manifest.model_copy(update={"sha256": hash_files(files[::-1])}), tmp_path).verify()


def test_importing_the_registry_imports_no_torch() -> None:
    code = "import sys, adapters.registry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
