"""``sanggar draw``, through a real studio and an engine on a socket; once with an engine of its own."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.cli.draw import draw, replace
from bot.cli.terminal import FAILURE, USAGE, Failure
from engine.errors import DrawingFailed
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.behaviours import refuse
from tests.bot.kit.engine import ScriptedEngine
from tests.bot.kit.pictures import parameters_of, png


@pytest.fixture(autouse=True)
def place(scripted: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, the scripted engine, and English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SANGGAR_ENGINE_URL", scripted.url)
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


async def drawn(text: str, target: Path | None, *, as_json: bool = False) -> None:
    await asyncio.to_thread(draw, text, target, as_json=as_json)


async def test_the_picture_is_in_the_file_and_the_line_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "fox.png"
    target.write_bytes(b"the one before")
    await drawn("/kancil a fox --seed 777", target)
    assert target.read_bytes() == png(777, parameters_of(target.read_bytes()))
    assert parameters_of(target.read_bytes()).startswith("a fox, soft lines <lora:kancil:1>\n")
    assert capsys.readouterr().out.startswith(f"{target}  seed 777  ")


async def test_several_pictures_are_numbered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await drawn("/draw a fox --seed 5 --count 2", tmp_path / "fox.png", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert [(Path(one["path"]).name, one["seed"]) for one in told["pictures"]] == [("fox-1.png", 5), ("fox-2.png", 6)]
    assert {"fox-1.png", "fox-2.png"} <= set(os.listdir(tmp_path))


async def test_a_pipe_takes_one_picture_and_nothing_is_drawn_beside_it(
    tmp_path: Path, scripted: ScriptedEngine
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Failure, match="pipe is no plain file: it takes one picture") as failure:
        await drawn("/draw a fox --count 2", pipe)
    assert failure.value.code == USAGE
    assert scripted.requests == []
    assert not {"pipe-1", "pipe-2"} & set(os.listdir(tmp_path))


async def test_without_a_file_the_name_comes_from_the_prompt(tmp_path: Path) -> None:
    await drawn("/draw a fox --seed 5", None)
    assert (tmp_path / "pictures" / "draw-a-fox-5.png").is_file()


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("/draw a fox --steps 400", "x.png", "between 1 and 100"),
        ("/help", "x.png", "a command that draws"),
        ("a fox", "x.png", "/kancil"),
        ("", "x.png", "/kancil"),
        ("/draw a fox", "missing/x.png", "no folder missing"),
        ("/draw a fox", ".", "is a folder"),
        ("/draw a fox --count 2", "-", "one picture"),
    ],
)
async def test_what_was_asked_wrongly_is_told_before_anything_is_drawn(
    scripted: ScriptedEngine, text: str, target: str, words: str
) -> None:
    with pytest.raises(Failure, match=words) as failure:
        await drawn(text, Path(target))
    assert failure.value.code == USAGE
    assert scripted.requests == []


async def test_a_further_style_is_known_as_soon_as_the_engine_is(scripted: ScriptedEngine, tmp_path: Path) -> None:
    scripted.adapters.append(adapter("wax", declares=style("batik", "{prompt}, batik")))
    await drawn("/batik a fox --seed 5", tmp_path / "fox.png")
    assert parameters_of((tmp_path / "fox.png").read_bytes()).startswith("a fox, batik <lora:wax:0.7>\n")
    with pytest.raises(Failure, match=r"There is no command /batig.*/batik.*Did you mean /batik") as failure:
        await drawn("/batig a fox", tmp_path / "fox.png")
    assert failure.value.code == USAGE


async def test_a_failed_drawing_leaves_the_old_file_alone(
    scripted: ScriptedEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.script.append(refuse(DrawingFailed("not a number")))
    target = tmp_path / "fox.png"
    target.write_bytes(b"the one before")
    with pytest.raises(SystemExit) as ended:
        await drawn("/draw a fox", target)
    assert ended.value.code == FAILURE
    assert target.read_bytes() == b"the one before"
    assert "could not be drawn" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing/fox.png", "taken"])
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left_beside_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises((FileNotFoundError, IsADirectoryError)) as error:
        replace(tmp_path / name, b"png")
    assert error.value.filename == str(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_device_and_a_link_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to("fox.png")
    for path in (Path("/dev/null"), tmp_path / "link.png"):
        replace(path, b"png")
    assert Path("/dev/null").is_char_device()
    assert ((tmp_path / "link.png").is_symlink(), (tmp_path / "fox.png").read_bytes()) == (True, b"png")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_where_no_engine_runs_one_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: the script, an engine process with nano, a PNG on standard output. It is for this machine alone,
    wherever the engine of the settings would listen."""
    monkeypatch.setenv("SANGGAR_ENGINE_HOST", "0.0.0.0")
    monkeypatch.setenv("SANGGAR_ENGINE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("SANGGAR_MODEL", "nano")
    command = [sys.executable, "-m", "bot.cli", "draw", "/kancil a fox --seed 7 --steps 2", "-o", "-"]
    answer = subprocess.run(command, capture_output=True, timeout=280, check=False)
    assert answer.returncode == 0, answer.stderr.decode()
    with Image.open(io.BytesIO(answer.stdout)) as picture:
        assert "Seed: 7" in picture.info["parameters"]
