"""``sanggar demo``, as ``make demo`` runs it: an engine process with nano, every style, no terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.cli.console import DEMO


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demonstration_draws_every_style_with_nano_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANGGAR_MODEL", "another/model")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    command = [sys.executable, "-m", "bot.cli", "demo", "--sheet", "sheet.png"]
    shown = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=580, check=False
    )
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert [line.removeprefix("sanggar> ") for line in lines if line.startswith("sanggar> ")] == list(DEMO)
    pictures = sorted(path.relative_to(tmp_path) for path in (tmp_path / "pictures").iterdir())
    assert sorted(Path(line) for line in lines if line.endswith(".png")) == pictures
    assert len(pictures) == len(DEMO)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == len(DEMO) * sheet.height
