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

from adapters.manifest import MANIFEST, AdapterError, Kind, Manifest, Style, faults, read_manifest
from adapters.publishing.layouts import copy_weights
from adapters.publishing.names import check_name
from adapters.registry import COMPONENT_FILES, LORA_FILE, SHIPPED, Adapter, Registry, hash_files
from engine.files import make_readable, settle, staged
from engine.hub import only_local


@dataclass(frozen=True)
class Source:
    """What the weights do not say of themselves."""

    name: str
    title: str
    base_model: str
    prediction_type: str
    licence: str
    trigger_words: tuple[str, ...] = ()
    style: Style | None = None


def add_adapter(source: str, into: Path, origin: Source) -> Adapter:
    """Copies the folder, file or Hugging Face id ``source`` into the folder of adapters. Raises AdapterError."""
    folder = free_folder(origin.name, into)
    place = Path(source) if Path(source).exists() else download(source)
    with staged(into / f".{origin.name}.unfinished") as unfinished:
        kind, rank = copy_weights(place, unfinished)
        make_readable(unfinished)
        adapter = describe(unfinished, kind, rank, origin)
        check_style(adapter.manifest, into)
        adapter.verify()
        settle(unfinished, folder)
    return Adapter(adapter.manifest, folder)


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
    check_style(manifest, into)
    with staged(into / f".{adapter.name}.unfinished") as unfinished:
        for file in adapter.files():
            place = unfinished / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        manifest.write(unfinished / MANIFEST)
        settle(unfinished, folder)
    return Adapter(manifest, folder)


def style_of(command: str, frame: str | None, weight: float) -> Style:
    """The style that a manifest will declare. Raises AdapterError."""
    try:
        return Style(command=command, frame=frame, weight=weight)
    except ValidationError as error:
        raise AdapterError(f"style: {faults(error)}") from None


def check_style(manifest: Manifest, into: Path) -> None:
    """Raises AdapterError where another adapter draws the manifest's style with the same model."""
    for other in Registry([SHIPPED, into]).list():
        taken = manifest.style and other.manifest.style and other.manifest.style.command == manifest.style.command
        if taken and other.manifest.same_model(manifest):
            raise AdapterError(
                f"the adapter {other.name!r} draws this style with {manifest.base_model} already: choose another "
                "name for the style, or remove that adapter first"
            )


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


def describe(folder: Path, kind: Kind, rank: int | None, origin: Source) -> Adapter:
    """Writes the manifest of the weights in ``folder``."""
    weights = [folder / name for name in (LORA_FILE, *COMPONENT_FILES) if (folder / name).is_file()]
    fields = {**origin.__dict__, "kind": kind, "rank": rank, "sha256": hash_files(weights)}
    manifest = checked(fields)
    manifest.write(folder / MANIFEST)
    return Adapter(manifest, folder)


def checked(fields: Mapping[str, Any]) -> Manifest:
    """The manifest of these fields. Raises AdapterError."""
    try:
        return Manifest.model_validate(fields)
    except ValidationError as error:
        raise AdapterError(f"{fields['name']}: {faults(error)}") from None


def remove_adapter(name: str, own: Path) -> None:
    """Deletes one of your own adapters, a broken one too."""
    folder = own / name
    if Path(name).name != name or not any((folder / file).is_file() for file in (MANIFEST, LORA_FILE)):
        raise AdapterError(f"{own} has no adapter {name!r}; those that come with Sanggar cannot be removed")
    shutil.rmtree(folder)
