"""An engine behind TLS whose certificate an authority of one's own has signed."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.engine_link.client import EngineClient
from bot.engine_link.probe import EngineFailed
from bot.engine_link.supervisor import Supervisor
from engine.errors import Unreachable
from engine.protocol import Health

HEALTH = Health(status="ready", model="small", version="1").model_dump_json().encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a certificate of 127.0.0.1 and its key, signed by nobody but itself."""
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", str(path.with_suffix(".crt"))]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
async def url(certificate: Path) -> AsyncIterator[str]:
    """An engine that knows ``/health`` alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline() not in {b"\r\n", b""}:
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(HEALTH) + HEALTH)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_an_authority_of_ones_own_is_believed(
    url: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EngineClient(url) as engine:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            await engine.health()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    async with EngineClient(url) as engine:
        assert (await engine.health()).model == "small"
    async with Supervisor(url) as watched:
        await watched.ready()
        assert watched.pid is None


async def test_an_authority_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(EngineFailed, match=r"SSL_CERT_FILE is /nowhere/ca\.pem"):
        EngineClient("https://127.0.0.1:1")
    async with EngineClient("http://127.0.0.1:1") as engine:
        with pytest.raises(Unreachable):
            await engine.health()
