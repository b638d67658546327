"""DreamBooth checkpoints become the difference to their base model, and stay what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from adapters.cli.adapters import adapters_app
from adapters.manifest import AdapterError, Manifest, read_manifest
from adapters.publishing.adding import Source, add_adapter, remove_adapter
from adapters.publishing.compacting import compact
from adapters.registry import COMPONENT_FILES, DIFFERENCE_FILE, Registry
from adapters.training.loop import open_run
from engine.adapters.checkpoints import read_networks
from tests.adapters_kit.runs import DREAMBOOTH, finish, ignore, never, write_recipe
from tests.engine_kit.adapters import Tensors, write_dreambooth, write_lora


def manifest_of(own: Path) -> Manifest:
    return read_manifest(own / "dream" / "manifest.json")


@pytest.fixture
def own(tiny: Path, tmp_path: Path) -> Path:
    """A folder with one checkpoint and the report of its training."""
    write_dreambooth(tmp_path / "own" / "dream", tiny, base_model=str(tiny))
    report = tmp_path / "own" / "dream" / "report.html"
    report.write_text(f"weights {manifest_of(tmp_path / 'own').sha256}")
    return tmp_path / "own"


def test_the_compact_checkpoint_reads_as_the_whole_one(own: Path, tiny: Path) -> None:
    whole = read_networks(own / "dream", str(tiny))
    done = compact("dream", own)
    assert done.bytes_after < done.bytes_before / 3
    read, worst = read_networks(own / "dream", str(tiny)), 0.0
    assert {network: tensors.keys() for network, tensors in read.items()} == {
        network: tensors.keys() for network, tensors in whole.items()
    }
    for network, tensors in read.items():
        for name, tensor in tensors.items():
            assert tensor.dtype == whole[network][name].dtype
            worst = max(worst, float((tensor - whole[network][name]).abs().max()))
    assert worst == pytest.approx(done.largest_error)
    assert 0 < done.mean_error < done.largest_error < 0.05  # the kit's changes deviate by 0.05
    assert done.relative_error < 0.3  # steps as large as the change deviates are off by 1 / sqrt(12) of it


def test_only_the_weights_and_their_hash_change(own: Path) -> None:
    before = manifest_of(own)
    compact("dream", own)
    adapter = Registry([own]).get("dream")
    adapter.verify()
    assert adapter.files() == [own / "dream" / DIFFERENCE_FILE]
    assert adapter.manifest == before.model_copy(update={"sha256": adapter.manifest.sha256})
    assert (own / "dream" / "report.html").read_text() == f"weights {adapter.manifest.sha256}"
    assert {path.name for path in (own / "dream").iterdir()} == {DIFFERENCE_FILE, "manifest.json", "report.html"}


def test_a_tensor_that_is_the_bases_own_is_left_out(tiny: Path, tmp_path: Path) -> None:
    base = load_file(tiny / COMPONENT_FILES[0])

    def restore(tensors: Tensors) -> None:
        tensors.update({name: base[name] for name in tensors if name in base})

    write_dreambooth(tmp_path / "dream", tiny, edit=restore, base_model=str(tiny))
    compact("dream", tmp_path)
    assert read_networks(tmp_path / "dream", str(tiny)).keys() == {"unet"}


def test_the_command_says_sizes_and_errors_and_refuses_what_is_small_already(own: Path, tiny: Path) -> None:
    write_lora(own / "lora", tiny)
    done = CliRunner().invoke(adapters_app, ["compact", "dream", "--dir", str(own)])
    assert done.exit_code == 0, done.output
    assert "MB became" in done.output
    assert "of what was learnt" in done.output
    for name, reason in (("dream", "is compact already"), ("lora", "is a LoRA")):
        refused = CliRunner().invoke(adapters_app, ["compact", name, "--dir", str(own)])
        assert refused.exit_code == 1
        assert reason in refused.output


def test_a_compact_checkpoint_without_its_manifest_is_refused_in_a_sentence(own: Path, tiny: Path) -> None:
    compact("dream", own)
    (own / "dream" / "manifest.json").unlink()
    assert list(Registry([own]).broken()) == [own / "dream"]
    with pytest.raises(AdapterError, match=r"made compact; add the folder in which it lies beside its manifest\.json"):
        add_adapter(str(own / "dream"), own, Source("again", "Again", str(tiny), "MIT"))


def test_a_compact_checkpoint_is_removed_whole(own: Path) -> None:
    compact("dream", own)
    remove_adapter("dream", own)
    assert not (own / "dream").exists()


def test_a_checkpoint_whose_base_is_elsewhere_is_left_alone(tiny: Path, tmp_path: Path) -> None:
    folder = write_dreambooth(tmp_path / "dream", tiny, base_model="somebody/else")
    files = [folder / name for name in COMPONENT_FILES]
    before = [file.read_bytes() for file in files]
    with pytest.raises(AdapterError, match="not on this machine"):
        compact("dream", tmp_path)
    assert [file.read_bytes() for file in files] == before


def test_an_adapter_that_is_trained_again_replaces_its_compact_one(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny, DREAMBOOTH.format(l2=0), steps=2)
    _, adapter = finish(recipe)
    compact("walls", adapter.folder.parent)
    run = open_run(recipe, adapter.folder.parent, recipe.parent / "again", resume=False, replace=True)
    run.go(ignore, never)
    again = run.finish(adapter.folder.parent)
    again.verify()
    assert [file.name for file in again.files()] == [Path(name).name for name in COMPONENT_FILES]
    assert all(torch.isfinite(value).all() for value in read_networks(again.folder, str(tiny))["unet"].values())
