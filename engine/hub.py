"""Hugging Face's hub of models: where it is, and whether it can be asked."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
from huggingface_hub import constants, try_to_load_from_cache

ENDPOINT: str = constants.ENDPOINT


class HubOutOfReach(OSError):
    """Proxies or certificates are set in a way that cannot be used; the message is for the person at the terminal."""


def hub_answers() -> bool:
    """Raises HubOutOfReach. Asked once, because the hub's own client tries again and again for minutes."""
    if constants.HF_HUB_OFFLINE:
        return False
    try:
        httpx.head(ENDPOINT, timeout=5)
    except httpx.TransportError:
        return False
    except (ImportError, ValueError, httpx.InvalidURL, OSError) as error:
        raise HubOutOfReach(
            f"The hub cannot be asked because of what the environment says (ALL_PROXY, HTTPS_PROXY, NO_PROXY, "
            f"SSL_CERT_FILE): {error}"
        ) from None
    return True


def only_local(source: str) -> bool:
    """Whether ``source``, a folder or a hub id, is to be read from this machine alone, from the folder or the cache."""
    return Path(source).is_dir() or not hub_answers()


def quieten() -> None:
    """Keeps the remarks that the libraries make while they are imported from the terminal."""
    for library in ("TRANSFORMERS", "DIFFUSERS"):
        os.environ.setdefault(f"{library}_VERBOSITY", "error")


def local_file(source: str, name: str) -> Path | None:
    """The file ``name`` of ``source``, a folder or a hub id, where it is on this machine."""
    file = Path(source) / name if Path(source).is_dir() else try_to_load_from_cache(source, name)
    return Path(file) if isinstance(file, str | Path) and Path(file).is_file() else None
