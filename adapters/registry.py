"""Where adapters are kept: folders of ``<name>/manifest.json`` with safetensors in diffusers layout. No torch.

Re-read whenever something in the folders changes, so an adapter added while Sanggar runs appears by itself.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.manifest import MANIFEST, AdapterError, BrokenAdapter, Manifest, UnknownAdapter, read_manifest
from adapters.shapes import CANONICAL, Shape

SHIPPED = Path(__file__).parent
"""The folder of the adapters that come with Sanggar."""
LORA_FILE = "pytorch_lora_weights.safetensors"
COMPONENT_FILES = ("text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors")
"""A DreamBooth checkpoint has at least one of these. Tensors that one leaves out are those of the base model."""
DIFFERENCE_FILE = "difference.safetensors"
"""A DreamBooth checkpoint as its difference to the base model, in place of ``COMPONENT_FILES``."""
WEIGHT_FILES = (LORA_FILE, DIFFERENCE_FILE, *COMPONENT_FILES)
HEADER_MAX = 100_000_000
"""Bytes of a safetensors header; the format allows no more."""
UNREADABLE = "the header cannot be read: truncated, or not a safetensors file"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Adapter:
    """Trained weights in a folder."""

    manifest: Manifest
    folder: Path

    @property
    def name(self) -> str:
        return self.manifest.name

    def files(self) -> list[Path]:
        """The safetensors files in the order in which they are hashed; raises BrokenAdapter where none is there."""
        layouts = ((LORA_FILE,),) if self.manifest.kind == "lora" else ((DIFFERENCE_FILE,), COMPONENT_FILES)
        for names in layouts:
            if files := [self.folder / name for name in names if (self.folder / name).is_file()]:
                return files
        raise BrokenAdapter(f"{self.folder}: no {' and no '.join(sum(layouts, ()))}")

    def check_sizes(self) -> None:
        """Reads the files' headers alone; raises BrokenAdapter where a file is truncated or no safetensors."""
        for file in self.files():
            expected = _safetensors_size(file)
            if file.stat().st_size != expected:
                raise BrokenAdapter(f"{file}: {file.stat().st_size} bytes, but its header says {expected}: truncated?")

    def layout_fault(self) -> str:
        """Why the engine would misread a LoRA of another layout than ours; empty if it is in ours."""
        if self.manifest.kind != "lora":
            return ""
        header = read_header(self.folder / LORA_FILE)
        about = header.pop("__metadata__", None) or {}
        strange = [key for key in header if not CANONICAL.fullmatch(key)]
        if not strange and "lora_adapter_metadata" not in about and not (self.folder / "adapter_config.json").exists():
            return ""
        return "it is in another layout than ours; move its folder elsewhere, then: sanggar adapters add FOLDER"

    def verify(self) -> None:
        """Reads everything; raises BrokenAdapter where the weights are not the manifest's."""
        self.check_sizes()
        if (found := hash_files(self.files())) != self.manifest.sha256:
            raise BrokenAdapter(
                f"{self.folder}: SHA-256 of the weights is {found}, manifest says {self.manifest.sha256}"
            )


class Registry:
    """The adapters of several folders; where two have one name, the earlier folder's counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [Path(folder) for folder in folders]
        self._seen: list[tuple[str, int, int]] | None = None
        self._adapters: dict[str, Adapter] = {}
        self._broken: dict[Path, str] = {}
        self._lock = threading.Lock()

    def list(self) -> list[Adapter]:
        """All usable adapters, by name."""
        adapters, _ = self._refresh()
        return [adapters[name] for name in sorted(adapters)]

    def broken(self) -> dict[Path, str]:
        """Folders that hold an adapter which cannot be used, and why."""
        return dict(self._refresh()[1])

    def unusable(self) -> dict[str, str]:
        """Names of the broken folders that hide no adapter, and why, without paths of this machine."""
        adapters, broken = self._refresh()
        return {
            child.name: self._without_paths(reason) for child, reason in broken.items() if child.name not in adapters
        }

    def _without_paths(self, reason: str) -> str:
        for folder in self._folders:
            reason = reason.replace(f"{folder}{os.sep}", "")
        return reason

    def get(self, name: str) -> Adapter:
        """The adapter of that name; raises BrokenAdapter or UnknownAdapter, the latter with the valid names."""
        adapters, broken = self._refresh()
        if name in adapters:
            return adapters[name]
        for folder, reason in broken.items():
            if folder.name == name:
                raise BrokenAdapter(f"adapter {name!r} cannot be used: {reason}")
        raise UnknownAdapter(_unknown(name, adapters))

    def _refresh(self) -> tuple[dict[str, Adapter], dict[Path, str]]:
        """The adapters and the broken folders as they are now; neither changes once it was given out."""
        with self._lock:
            candidates = [child for folder in self._folders for child in _candidates(folder)]
            seen = [entry for child in candidates for entry in _stamps(child)]
            if seen != self._seen:
                self._adapters, self._broken = {}, {}
                for child in candidates:
                    self._read(child)
                self._seen = seen
            return self._adapters, self._broken

    def _read(self, child: Path) -> None:
        try:
            adapter = Adapter(read_manifest(child / MANIFEST), child)
            if adapter.name != child.name:
                raise BrokenAdapter(f"{child / MANIFEST}: name: is {adapter.name!r}, but the folder is {child.name!r}")
            if other := self._adapters.get(adapter.name):
                raise BrokenAdapter(f"{child}: {other.folder} has this name already")
            adapter.check_sizes()
        except AdapterError as error:
            self._leave_out(child, str(error))
        except OSError as error:
            self._leave_out(child, f"{error.filename or child}: cannot be read: {error.strerror}")
        else:
            self._adapters[adapter.name] = adapter

    def _leave_out(self, child: Path, reason: str) -> None:
        log.warning("the adapter in %s is left out: %s", child, reason)
        self._broken[child] = reason


def _unknown(name: str, adapters: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, adapters, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"no adapter {name!r}.{hint} There are: {', '.join(sorted(adapters)) or 'none'}."


def hash_files(files: Sequence[Path]) -> str:
    """SHA-256 (hexadecimal) of the files one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _candidates(folder: Path) -> Iterator[Path]:
    """Sub-folders that are, or look like, an adapter; names with a leading dot are still being written."""
    if not folder.is_dir():
        return
    for child in sorted(folder.iterdir()):
        if child.name.startswith("."):
            continue
        closed = child.is_dir() and not os.access(child, os.R_OK | os.X_OK)
        if closed or any(os.path.exists(child / name) for name in (MANIFEST, *WEIGHT_FILES)):
            yield child


def _stamps(child: Path) -> Iterator[tuple[str, int, int]]:
    """Path, size and time of change of each file that makes the adapter."""
    for name in (MANIFEST, *WEIGHT_FILES):
        try:
            stat = os.stat(child / name)
        except OSError:
            continue
        yield str(child / name), stat.st_size, stat.st_mtime_ns


def read_header(file: Path) -> dict[str, Any]:
    """The JSON before the tensors, by their names. Raises BrokenAdapter if it is none."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > HEADER_MAX:
            raise BrokenAdapter(f"{file}: not a safetensors file")
        try:
            header = json.loads(stream.read(length))
        except (ValueError, RecursionError):
            header = None
    if not isinstance(header, dict):
        raise BrokenAdapter(f"{file}: {UNREADABLE}")
    return header


def read_shapes(file: Path) -> dict[str, Shape]:
    """The shapes of a file's tensors, by their names. Raises BrokenAdapter if the header is wrong."""
    entries = {name: entry for name, entry in read_header(file).items() if name != "__metadata__"}
    try:
        return {name: tuple(map(int, entry["shape"])) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError):
        raise BrokenAdapter(f"{file}: {UNREADABLE}") from None


def _safetensors_size(file: Path) -> int:
    """Bytes that the file must have by its header: 8 bytes of header length, the header (JSON), the tensors."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    ends = []
    for name, entry in read_header(file).items():
        if name != "__metadata__":
            offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
            if not (isinstance(offsets, list) and len(offsets) == 2 and all(type(end) is int for end in offsets)):
                raise BrokenAdapter(f"{file}: {UNREADABLE}")
            ends.append(offsets[1])
    return 8 + length + max(ends, default=0)
