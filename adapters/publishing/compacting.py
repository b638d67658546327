"""A DreamBooth checkpoint is kept as its difference to the base model, a seventh as large."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from adapters.cli.output import tracked
from adapters.manifest import MANIFEST, AdapterError
from adapters.registry import DIFFERENCE_FILE, Adapter, Registry, hash_files
from adapters.shapes import parameter
from adapters.training.report import REPORT
from engine.adapters.differences import FORMAT, NETWORKS, STEP, moved
from engine.adapters.lora_files import Unusable, read_tensors
from engine.diffusion.model import ModelMissing, find_source
from engine.files import make_readable, staged, write_whole
from engine.hub import local_file

MOST_STEPS = 127
"""The largest number of steps that int8 holds."""


@dataclass(frozen=True)
class Compaction:
    """What became of a checkpoint."""

    bytes_before: int
    bytes_after: int
    mean_error: float
    """Mean absolute error of the weights."""
    largest_error: float
    relative_error: float
    """Root mean square of the error in parts of that of the difference."""


class Errors:
    """What weights lose, added up over tensors."""

    def __init__(self) -> None:
        self.count = 0
        self.absolute = self.squared = self.learnt = self.largest = 0.0

    def add(self, whole: torch.Tensor, read: torch.Tensor, base: torch.Tensor) -> None:
        error = (read.double() - whole.double()).abs()
        self.count += error.numel()
        self.absolute += float(error.sum())
        self.squared += float(error.square().sum())
        self.learnt += float((whole.double() - base.double()).square().sum())
        self.largest = max(self.largest, float(error.max()))


def compact(name: str, own: Path) -> Compaction:
    """Replaces the weights of the DreamBooth checkpoint ``name`` in the folder ``own``; everything else stays.

    Raises AdapterError where it is no such checkpoint, or its base model is not on this machine.
    """
    adapter = Registry([own]).get(name)
    if adapter.manifest.kind != "dreambooth":
        raise AdapterError(f"{name} is a LoRA, which is small already; only DreamBooth checkpoints are made compact")
    files = adapter.files()
    if files == [adapter.folder / DIFFERENCE_FILE]:
        raise AdapterError(f"{name} is compact already")
    adapter.verify()
    before, errors = sum(file.stat().st_size for file in files), Errors()
    tensors: dict[str, torch.Tensor] = {}
    metadata = {"format": FORMAT, "base_model": adapter.manifest.base_model}
    for file in files:
        network = file.parent.name
        base = base_weights(adapter, network)
        metadata[network] = hash_files([base])
        tensors |= difference(network, file, base, errors)
    replace_weights(adapter, files, tensors, metadata)
    after = (adapter.folder / DIFFERENCE_FILE).stat().st_size
    relative = (errors.squared / errors.learnt) ** 0.5 if errors.learnt else 0.0
    return Compaction(before, after, errors.absolute / errors.count, errors.largest, relative)


def base_weights(adapter: Adapter, network: str) -> Path:
    """The base model's file of the network. Raises AdapterError."""
    model = adapter.manifest.base_model
    try:
        file = local_file(find_source(model), NETWORKS[network])
    except ModelMissing as error:
        raise AdapterError(f"base_model: {error}") from None
    if file is None:
        raise AdapterError(f"{NETWORKS[network]} of {model} is not on this machine: draw with {model} once, then again")
    return file


def difference(network: str, file: Path, base_file: Path, errors: Errors) -> dict[str, torch.Tensor]:
    """What the difference file holds for the network, of tensors that differ at all. Raises AdapterError."""
    try:
        checkpoint, base = read_tensors(file)[0], read_tensors(base_file)[0]
    except Unusable as error:
        raise AdapterError(f"{file}: {error}") from None
    packed: dict[str, torch.Tensor] = {}
    for written, whole in tracked(list(checkpoint.items()), f"the difference of {network}"):
        name = parameter(written, base)
        if name not in base or base[name].shape != whole.shape:
            raise AdapterError(f"{file}: the base model has no {written} of the shape {tuple(whole.shape)}")
        if not torch.equal(whole.float(), base[name].float()):
            steps, step = encoded(whole.float() - base[name].float())
            packed |= {f"{network}.{name}": steps, f"{network}.{name}{STEP}": step}
            errors.add(whole, moved(base[name], steps, step), base[name])
    return packed


def encoded(change: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The packed steps and how large one is.

    A matrix's is the root mean square of the change, a little over two bits a number once deflated; vectors, which are
    few, get the finest that int8 has room for.
    """
    step = change.abs().max() / MOST_STEPS
    if change.ndim > 1:
        step = torch.maximum(step, change.square().mean().sqrt())
    steps = (change / step).round().to(torch.int8)
    pack = zlib.compressobj(strategy=zlib.Z_HUFFMAN_ONLY)
    packed = pack.compress(steps.numpy().tobytes()) + pack.flush()
    return torch.frombuffer(bytearray(packed), dtype=torch.uint8), step


def replace_weights(
    adapter: Adapter, files: list[Path], tensors: dict[str, torch.Tensor], metadata: dict[str, str]
) -> None:
    """The difference takes the files' place; the manifest and the report of the training name its SHA-256."""
    folder = adapter.folder
    with staged(folder / ".unfinished") as unfinished:
        save_file(tensors, unfinished / DIFFERENCE_FILE, metadata=metadata)
        make_readable(unfinished)
        sha256 = hash_files([unfinished / DIFFERENCE_FILE])
        adapter.manifest.model_copy(update={"sha256": sha256}).write(unfinished / MANIFEST)
        (unfinished / DIFFERENCE_FILE).replace(folder / DIFFERENCE_FILE)
        (unfinished / MANIFEST).replace(folder / MANIFEST)
    if (folder / REPORT).is_file():
        page = (folder / REPORT).read_text(encoding="utf-8")
        write_whole(folder / REPORT, page.replace(adapter.manifest.sha256, sha256).encode())
    for file in files:
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
