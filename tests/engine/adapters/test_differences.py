"""A checkpoint that is kept as its difference to the base model is drawn with as a whole one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from adapters.manifest import read_manifest
from adapters.publishing.compacting import compact
from adapters.registry import COMPONENT_FILES, DIFFERENCE_FILE, hash_files
from engine.adapters.checkpoints import Checkpoint, checkpoint_bytes, read_checkpoint, read_networks
from engine.adapters.lora_files import Unusable
from engine.diffusion.model import load_model
from tests.engine_kit.adapters import Tensors, write_dreambooth
from tests.engine_kit.judge import Wish, difference
from tests.engine_kit.live import serve
from tests.kit.models import write_tiny

TOO_LONG = torch.frombuffer(bytearray(zlib.compress(bytes(10**6))), dtype=torch.uint8)
FIRST = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_q.weight"


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    """One checkpoint twice: whole, and compact."""
    for name in ("whole", "compact"):
        write_dreambooth(tmp_path / "adapters" / name, tiny, base_model=str(tiny))
    compact("compact", tmp_path / "adapters")
    return tmp_path / "adapters"


def spoil(folder: Path, change: Callable[[Tensors], None]) -> None:
    """Changes the tensors of the compact checkpoint, whose manifest knows of it."""
    file = folder / DIFFERENCE_FILE
    with safe_open(file, "pt") as whole:
        metadata = whole.metadata()
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file, metadata=metadata)
    manifest = read_manifest(folder / "manifest.json")
    manifest.model_copy(update={"sha256": hash_files([file])}).write(folder / "manifest.json")


def test_it_is_drawn_with_and_counted_as_a_whole_one_of_these_weights(tiny: Path, folder: Path) -> None:
    read = read_networks(folder / "compact", str(tiny))
    rounded = {name: tensor for tensors in read.values() for name, tensor in tensors.items()}
    write_dreambooth(folder / "rounded", tiny, edit=lambda tensors: tensors.update({k: rounded[k] for k in tensors}))
    wishes = [Wish(num_inference_steps=4, adapters=((name, 1.0),)) for name in ("compact", "rounded")]
    with serve(tiny, folder) as live:
        drawn, expected = (live.draw(wish) for wish in wishes)
        known = {one["name"]: one for one in live.http.get("/v1/adapters").json()["data"]}
        assert difference(drawn, live.draw(Wish(num_inference_steps=4))) > 20
    assert difference(drawn, expected) <= 1
    assert known["compact"]["kind"] == "dreambooth"
    assert known["compact"]["bytes"] == known["rounded"]["bytes"] > 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_its_bytes_are_known_before_it_is_read(tiny: Path, folder: Path, dtype: str) -> None:
    model = load_model(str(tiny), "cpu", dtype)
    base = Checkpoint("", model.unet, model.text_encoder)
    read = read_checkpoint("key", folder / "compact", base, model.source)
    assert read.bytes == checkpoint_bytes(folder / "compact", base) == checkpoint_bytes(folder / "whole", base)


def test_another_base_of_the_same_name_is_refused(tiny: Path, folder: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "models" / tiny.name)
    weights = load_file(other / COMPONENT_FILES[1])
    save_file({name: tensor + 1e-3 for name, tensor in weights.items()}, other / COMPONENT_FILES[1])
    with serve(other, folder) as live:
        answer = live.post(Wish(adapters=(("compact", 1.0),)).body())
    assert answer.status_code == 422
    said = answer.json()["error"]["message"]
    assert f"other weights of {tiny.name} than this model has" in said
    assert hash_files([tiny / COMPONENT_FILES[1]])[:16] in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.update({FIRST: t[FIRST][:-8]}), "incomplete"),
        (lambda t: t.update({FIRST: 255 - t[FIRST]}), "damaged"),
        (lambda t: t.update({FIRST: TOO_LONG}), "incomplete"),
        (lambda t: t.pop(FIRST + ".step"), "incomplete"),
        (lambda t: t.update({"unet.nowhere.weight": t[FIRST].clone()}), "unet.nowhere.weight"),
    ],
    ids=["short", "damaged", "too long", "no step", "unknown tensor"],
)
def test_a_file_that_does_not_fit_is_refused(
    tiny: Path, folder: Path, change: Callable[[Tensors], None], reason: str
) -> None:
    spoil(folder / "compact", change)
    model = load_model(str(tiny), "cpu")
    with pytest.raises(Unusable, match=reason):
        read_checkpoint("key", folder / "compact", Checkpoint("", model.unet, model.text_encoder), model.source)
