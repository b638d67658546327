"""Which files of a folder are pictures, and which are passed over and why."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

PLUGINS = {"pillow_heif": "register_heif_opener", "pillow_avif": "", "pillow_jxl": ""}
"""Packages that teach Pillow a format when they are imported, and what must be called then, if anything."""
NO_PICTURES = {"BUFR", "EPS", "FITS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"}
"""Formats of Pillow that hold measurements, films or drawings which other programs would have to paint."""
SURE = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "JXL", "PNG", "PSD", "TIFF", "WEBP")
"""Formats that are known by how a file begins, whatever it is called."""
OTHERS = {
    **dict.fromkeys((".heic", ".heics", ".heif", ".heifs", ".hif"), "HEIC"),
    **dict.fromkeys((".avif", ".avifs"), "AVIF"),
    ".jxl": "JPEG XL",
    **dict.fromkeys((".eps", ".ps", ".ai", ".svg", ".svgz", ".wmf", ".emf"), "a drawing"),
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"), "a camera's raw file"),
    **dict.fromkeys((".afphoto", ".clip", ".kra", ".procreate", ".xcf"), "a painting program's file"),
}
"""Endings of pictures that Pillow may not open, with what they are."""
BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}
"""Begin an ISO media file after ``ftyp``."""
OF_PROGRAMS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN")
"""Folders in which archives, network drives and Windows keep files of their own."""


@dataclass(frozen=True)
class PassedOver:
    """A file or folder, by its path within the folder, that was not looked at as a picture."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Contents:
    """What is in a folder and below it, as paths within it in order."""

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]
    """Files that are no pictures, perhaps captions."""
    passed_over: tuple[PassedOver, ...]


def load_plugins() -> None:
    """Teaches Pillow the formats of the plugins that are installed."""
    Image.init()
    for name, register in PLUGINS.items():
        if find_spec(name):
            plugin = import_module(name)
            if register:
                getattr(plugin, register)()


def formats() -> list[str]:
    """Pillow's names of the picture formats that can be opened here."""
    load_plugins()
    return sorted(set(Image.OPEN) - NO_PICTURES)


def contents(folder: Path) -> Contents:
    """The pictures of the folder, whether or not they can be opened, and everything else in it."""
    known = set(formats()) | {"MPO"}
    suffixes = {suffix for suffix, name in Image.registered_extensions().items() if name in known} | set(OTHERS)
    passed_over: list[PassedOver] = []
    pictures, others = [], []
    for file in sorted(_files(folder, passed_over)):
        name = file.relative_to(folder)
        if name.name.startswith("."):
            reason = "written by macOS beside the file" if name.name.startswith("._") else "hidden file"
            passed_over.append(PassedOver(name, reason))
        elif file.suffix.lower() in suffixes or is_picture(file):
            pictures.append(name)
        else:
            others.append(name)
    return Contents(tuple(pictures), tuple(others), tuple(passed_over))


def _files(folder: Path, passed_over: list[PassedOver]) -> Iterator[Path]:
    """All files but those in folders that are not entered, which are noted."""

    def note(error: OSError) -> None:
        passed_over.append(PassedOver(Path(error.filename).relative_to(folder), f"cannot be read: {error.strerror}"))

    for place, folders, files in os.walk(folder, onerror=note):
        here = Path(place)
        for name in sorted(folders):
            if reason := _closed(here / name):
                folders.remove(name)
                passed_over.append(PassedOver((here / name).relative_to(folder), reason))
        yield from (here / name for name in files if (here / name).is_file())


def _closed(folder: Path) -> str:
    """Why a folder is not entered, or nothing."""
    if folder.is_symlink():
        return "link to a folder"
    if folder.name.startswith("."):
        return "hidden folder"
    return "folder of a program's own files" if folder.name in OF_PROGRAMS else ""


def is_picture(file: Path) -> bool:
    """Whether the file begins as a picture does, whatever its name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=[name for name in SURE if name in Image.OPEN]):
                return True
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return bool(_brand(file))


def unopened(file: Path) -> str:
    """What a picture that Pillow cannot open here is, with what to do; nothing if it should have been opened."""
    kind = _brand(file) or OTHERS.get(file.suffix.lower(), "")
    plugin = {"HEIC": "pillow-heif", "AVIF": "pillow-avif-plugin", "JPEG XL": "pillow-jxl-plugin"}.get(kind)
    readable = formats()
    if not kind or {"HEIC": "HEIF", "JPEG XL": "JXL"}.get(kind, kind) in readable:
        return ""
    advice = f", or pip install {plugin}" if plugin else ""
    return f"{kind} cannot be opened here; save it as JPEG or PNG{advice}"


def _brand(file: Path) -> str:
    """The format of an ISO media file that holds a picture, else nothing."""
    try:
        with file.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return ""
    return BRANDS.get(head[8:12], "") if head[4:8] == b"ftyp" else ""
