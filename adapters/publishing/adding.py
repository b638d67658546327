"""An adapter that was made elsewhere, or trained here, becomes one of the registry, and perhaps a live command."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from pydantic import ValidationError

from adapters.manifest import MANIFEST, AdapterError, Manifest, Style, faults, read_manifest
from adapters.publishing.base_models import BaseModel, base_model
from adapters.publishing.names import check_command, check_name
from adapters.publishing.weights import Weights, copy_weights
from adapters.registry import COMPONENT_FILES, LORA_FILE, WEIGHT_FILES, Adapter, hash_files
from engine.files import MARK, make_readable, settle, staged
from engine.hub import only_local

REPORT = "report.html"
"""Beside the weights of an adapter that was trained here."""


@dataclass(frozen=True)
class Source:
    """What the weights do not say of themselves."""

    name: str
    title: str
    base_model: str
    licence: str
    prediction_type: str = ""
    """Empty: what the base model predicts."""
    trigger_words: tuple[str, ...] = ()
    style: Style | None = None


@dataclass(frozen=True)
class Added:
    """An adapter that was taken in, and what of its source was left out, in a sentence."""

    adapter: Adapter
    left_out: str = ""


def add_adapter(source: str, into: Path, origin: Source) -> Added:
    """Copies the folder, file or Hugging Face id ``source`` into the folder of adapters. Raises AdapterError."""
    folder = free_folder(origin.name, into)
    base = base_model(origin.base_model)
    if origin.prediction_type not in {"", base.prediction_type}:
        raise AdapterError(
            f"prediction_type: {base.name} predicts {base.prediction_type}, not {origin.prediction_type}"
        )
    place = Path(source) if Path(source).exists() else download(source)
    if origin.style:
        check_command(origin.name, origin.style.command, origin.base_model, into)
    with staged(into / f".{origin.name}.unfinished") as unfinished:
        weights = copy_weights(place, unfinished, base)
        make_readable(unfinished)
        adapter = describe(unfinished, weights, origin, base)
        adapter.verify()
        settle(unfinished, folder)
    return Added(Adapter(adapter.manifest, folder), weights.left_out)


def free_folder(name: str, into: Path) -> Path:
    """Where an adapter of that name will be. Raises AdapterError where it cannot be."""
    check_name(name, into)
    if (into / name).exists():
        raise AdapterError(f"{into / name} is there already: choose another name, or remove it first")
    return into / name


def adopt_adapter(source: Path, into: Path, style: Style | None = None, name: str = "") -> Adapter:
    """Copies an adapter that has its manifest, such as one that was trained here, under its own name.

    style: takes the place of the one that the manifest declares.
    name: what it is expected to be, if anything.
    """
    adapter = Adapter(read_manifest(source / MANIFEST), source)
    if name not in {"", adapter.name}:
        raise AdapterError(f"{source} has a manifest, and the name {adapter.name!r} in it: it cannot become {name!r}")
    adapter.verify()
    folder = free_folder(adapter.name, into)
    manifest = checked({**adapter.manifest.model_dump(), "style": style}) if style else adapter.manifest
    if manifest.style:
        check_command(manifest.name, manifest.style.command, manifest.base_model, into)
    with staged(into / f".{adapter.name}.unfinished") as unfinished:
        if adapter.layout_fault():
            manifest = convert(adapter, manifest, unfinished)
        else:
            for file in adapter.files():
                place = unfinished / file.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
        make_readable(unfinished)
        manifest.write(unfinished / MANIFEST)
        settle(unfinished, folder)
    return Adapter(manifest, folder)


def convert(adapter: Adapter, manifest: Manifest, folder: Path) -> Manifest:
    """Writes a LoRA of another layout in ours, and gives its manifest as it is then. Raises AdapterError."""
    weights = copy_weights(adapter.files()[0], folder, base_model(manifest.base_model))
    return manifest.model_copy(update={"rank": weights.rank, "sha256": hash_files([folder / LORA_FILE])})


def style_of(command: str, frame: str | None, weight: float) -> Style:
    """The style that a manifest will declare. Raises AdapterError."""
    try:
        return Style(command=command, frame=frame, weight=weight)
    except ValidationError as error:
        raise AdapterError(f"style: {faults(error)}") from None


def download(name: str) -> Path:
    """The safetensors files of a Hugging Face repository."""
    cached = only_local(name)
    try:
        return Path(snapshot_download(name, allow_patterns=["*.safetensors", "*.json"], local_files_only=cached))
    except HFValidationError:
        raise AdapterError(f"there is no file or folder {name}, and it is no id of Hugging Face (owner/name)") from None
    except (HfHubHTTPError, OSError) as error:
        reason = "it cannot be reached" if cached else str(error).strip().partition("\n")[0]
        raise AdapterError(f"there is no folder {name}, and Hugging Face does not give it: {reason}") from None


def describe(folder: Path, weights: Weights, origin: Source, base: BaseModel) -> Adapter:
    """Writes the manifest of the weights in ``folder``."""
    files = [folder / name for name in (LORA_FILE, *COMPONENT_FILES) if (folder / name).is_file()]
    said = {"kind": weights.kind, "rank": weights.rank, "prediction_type": base.prediction_type}
    fields = {**origin.__dict__, **said, "sha256": hash_files(files)}
    manifest = checked(fields)
    manifest.write(folder / MANIFEST)
    return Adapter(manifest, folder)


def checked(fields: Mapping[str, Any]) -> Manifest:
    """The manifest of these fields. Raises AdapterError."""
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        raise AdapterError(f"{fields['name']}: {faults(error)}") from None


def remove_adapter(name: str, own: Path) -> Path | None:
    """Deletes one of your own adapters, a broken one too; its folder if something else is in it and stays."""
    folder = own / name
    if Path(name).name != name or not any((folder / file).is_file() for file in (MANIFEST, *WEIGHT_FILES)):
        raise AdapterError(f"{own} has no adapter {name!r}; those that come with Sanggar cannot be removed")
    files = [folder / file for file in (*WEIGHT_FILES, REPORT, MARK, MANIFEST)]
    for file in files:
        file.unlink(missing_ok=True)
    for place in sorted({file.parent for file in files}, reverse=True):
        if place.is_dir() and not place.is_symlink() and not any(place.iterdir()):
            place.rmdir()
    return folder if folder.exists() else None
