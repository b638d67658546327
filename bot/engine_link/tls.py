"""Whose certificates we believe: those of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, else the usual authorities'."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache

import httpx

from bot.engine_link.probe import EngineFailed

FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


def verification(url: str) -> ssl.SSLContext | bool:
    """``verify`` of an HTTP client for ``url``; certificates are read only if it speaks TLS: that takes longer than all
    the rest. Raises EngineFailed if they cannot be read.
    """
    return trusted() if url.startswith("https:") else False


def trusted() -> ssl.SSLContext:
    """The authorities in force. Raises EngineFailed, naming the variable, if they cannot be read."""
    return _read(os.environ.get(FILE), os.environ.get(FOLDER))


@lru_cache(maxsize=1)
def _read(file: str | None, folder: str | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        name, value = (FILE, file) if file else (FOLDER, folder)
        raise EngineFailed(f"{name} is {value}, from which no certificate can be read: {error.strerror}") from error
