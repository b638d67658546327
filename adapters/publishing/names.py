"""What an adapter may be called."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.manifest import MANIFEST, SLUG, AdapterError, model_name
from adapters.registry import SHIPPED, Registry


def slug(text: str) -> str:
    """A name that manifests allow, made of the text's letters and digits."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower())) or "adapter"


def check_name(name: str, own: Path) -> None:
    """Raises AdapterError where an adapter of that name in the folder would be refused, or hidden by a shipped one."""
    if not re.fullmatch(SLUG, name):
        raise AdapterError(f"{name!r} cannot be an adapter's name: lower-case letters and digits, joined by - _ or .")
    if own.resolve() != SHIPPED and (SHIPPED / name / MANIFEST).is_file():
        raise AdapterError(f"an adapter {name!r} comes with Sanggar: choose another name")


def check_command(name: str, command: str, base_model: str, own: Path) -> None:
    """Raises AdapterError if an adapter other than ``name`` draws that command with the model."""
    for other in Registry([SHIPPED, own]).list():
        about = other.manifest
        taken = about.style is not None and about.style.command == command and other.name != name
        if taken and model_name(about.base_model) == model_name(base_model):
            raise AdapterError(
                f"the adapter {other.name!r} draws this style with {base_model} already: choose another "
                "name for the style, or remove that adapter first"
            )
