"""The console: typed lines in, files and words out, through a real studio and an engine on a socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from bot.app import Application
from bot.frontends.console import ConsoleFrontend
from bot.frontends.console.frontend import terminal_locale
from bot.frontends.console.loop_thread import LoopThread
from bot.frontends.console.view import View
from bot.settings import Settings
from engine.errors import DrawingFailed
from tests.bot.kit.adapters import adapter, style
from tests.bot.kit.behaviours import refuse
from tests.bot.kit.engine import ScriptedEngine
from tests.kit.settings import bot_settings


class Typist:
    """Types at a console whose output goes to a file; the test's own loop stays free for the engine."""

    def __init__(self, frontend: ConsoleFrontend, output: io.StringIO) -> None:
        self._frontend, self._output = frontend, output

    async def type(self, line: str) -> tuple[bool, str]:
        """Whether the command came to a good end, and what was printed."""
        before = len(self._output.getvalue())
        done = await asyncio.to_thread(self._frontend.answer, line)
        return done, self._output.getvalue()[before:]


@pytest.fixture
def settings(scripted: ScriptedEngine, tmp_path: Path) -> Settings:
    return bot_settings(data=tmp_path / "data", engine_url=scripted.url, shutdown_grace=0.0)


@asynccontextmanager
async def console(settings: Settings, folder: Path) -> AsyncIterator[Typist]:
    output = io.StringIO()
    view = View(Console(file=output, width=200, _environ={}))
    background = await asyncio.to_thread(LoopThread(lambda: Application(settings, list_seconds=0.0)).__enter__)
    try:
        yield Typist(ConsoleFrontend(background, view, folder), output)
    finally:
        await asyncio.to_thread(background.__exit__, None, None, None)


@pytest.fixture
async def typist(settings: Settings, tmp_path: Path, english: None) -> AsyncIterator[Typist]:
    async with console(settings, tmp_path / "pictures") as typist:
        yield typist


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")


async def test_a_command_becomes_files_whose_paths_are_printed(typist: Typist, tmp_path: Path) -> None:
    done, text = await typist.type("/kancil a fox --seed 7 --count 2")
    first, second = (tmp_path / "pictures" / f"kancil-a-fox-{seed}.png" for seed in (7, 8))
    assert done
    assert str(first) in text
    assert str(second) in text
    assert first.read_bytes() != second.read_bytes()


async def test_the_slash_may_be_left_out(typist: Typist, scripted: ScriptedEngine) -> None:
    done, _ = await typist.type("draw a fox --steps 3")
    assert done
    assert scripted.requests[0].num_inference_steps == 3


async def test_a_wrong_command_says_what_is_valid(typist: Typist, scripted: ScriptedEngine) -> None:
    done, text = await typist.type("/kancil a fox --cfg 99")
    assert not done
    assert "30" in text
    assert scripted.requests == []


async def test_a_failed_drawing_says_so_and_leaves_no_file(
    typist: Typist, scripted: ScriptedEngine, tmp_path: Path
) -> None:
    scripted.script.append(refuse(DrawingFailed("not a number")))
    done, text = await typist.type("/draw a fox")
    assert not done
    assert "could not be drawn" in text
    assert not (tmp_path / "pictures").exists()


async def test_a_folder_that_cannot_be_written_is_named(typist: Typist, tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("a file is in the way")
    done, text = await typist.type("/draw a fox")
    assert not done
    assert f"cannot be kept as {tmp_path / 'pictures'} (File exists). Make room" in text
    assert "mistake" not in text


async def test_whoever_sits_at_the_machine_may_choose_adapters(typist: Typist, scripted: ScriptedEngine) -> None:
    assert (await typist.type("/adapter use kancil batik"))[0]
    await typist.type("/kancil a fox")
    assert [use.name for use in scripted.requests[0].adapters] == ["batik"]
    assert "batik" in (await typist.type("/adapter list"))[1]
    assert "batik" in (await typist.type("/adapter info batik"))[1]


async def test_a_style_that_appears_can_be_drawn_at_once(
    settings: Settings, tmp_path: Path, english: None, scripted: ScriptedEngine
) -> None:
    async with console(settings, tmp_path) as typist:
        assert "There is no command /batik" in (await typist.type("/batik a fox"))[1]
        scripted.adapters.append(adapter("wax", declares=style("batik", "{prompt}, batik", 0.8)))
        assert "/batik is drawn with wax" in (await typist.type("/adapter list"))[1]
        assert (await typist.type("batik a fox"))[0]
        assert "/batik: Draw as batik" in (await typist.type("/help"))[1]
    assert scripted.requests[0].frame == "{prompt}, batik"


@pytest.mark.parametrize(("line", "word"), [("/help", "--seed"), ("/quota", "pictures"), ("/cancel", "nothing")])
async def test_the_other_commands_answer(typist: Typist, line: str, word: str) -> None:
    done, text = await typist.type(line)
    assert done
    assert word in text.lower()


async def test_the_language_is_the_terminals(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "id_ID.UTF-8")
    async with console(settings, tmp_path) as typist:
        assert "gambar" in (await typist.type("/quota"))[1]


@pytest.mark.parametrize(
    ("environment", "tag"),
    [
        ({"LANG": "id_ID.UTF-8"}, "id-ID"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "id_ID@euro"}, "id-ID"),
        ({"LANG": "C.UTF-8"}, ""),
        ({}, ""),
    ],
)
def test_a_terminal_names_its_language(environment: dict[str, str], tag: str) -> None:
    assert terminal_locale(environment) == tag
