"""Hugging Face's hub of models: where it is, and whether it can be asked."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
from huggingface_hub import constants

ENDPOINT: str = constants.ENDPOINT


def hub_answers() -> bool:
    """Asked once, because the hub's own client tries again and again for minutes."""
    if constants.HF_HUB_OFFLINE:
        return False
    try:
        httpx.head(ENDPOINT, timeout=5)
    except httpx.TransportError:
        return False
    return True


def only_local(source: str) -> bool:
    """Whether ``source``, a folder or a hub id, is to be read from this machine alone, from the folder or the cache."""
    return Path(source).is_dir() or not hub_answers()


def quieten() -> None:
    """Keeps the remarks that the libraries make while they are imported from the terminal."""
    for library in ("TRANSFORMERS", "DIFFUSERS"):
        os.environ.setdefault(f"{library}_VERBOSITY", "error")
