"""``sanggar console`` and ``sanggar demo``."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.text import Text

from bot.cli.session import open_studio, sharing_console
from bot.cli.terminal import FAILURE, Failure, output
from bot.frontends.console import ConsoleFrontend
from bot.frontends.console.loop_thread import LoopThread
from bot.frontends.console.picture_files import FOLDER, side_by_side
from bot.frontends.console.prompt import PROMPT
from bot.frontends.console.view import View
from bot.settings import read_settings

DEMO = (
    "/kancil a clever mouse-deer by the river --seed 778",
    "/retro a ninja in a village --seed 7",
    "/landscape a castle on a hill at sunset --seed 42",
    "/draw a blue bird in the garden --seed 42",
)
"""Every style once, then the base model alone: subjects and seeds that nano draws well, chosen by looking."""
DEMO_ENGINE = {"SANGGAR_MODEL": "nano"}


def console() -> None:
    """The prompt, with an engine of its own where none runs."""
    view, settings = View(output()), read_settings()
    with sharing_console(settings) as alone, LoopThread(lambda: open_studio(settings, view)) as studio:
        frontend = ConsoleFrontend(studio, view)
        if alone:
            frontend.recover()
        if sys.stdin.isatty():
            view.say(frontend.replies.say("console-hint"))
        done = frontend.run()
    if not done and not sys.stdin.isatty():
        raise SystemExit(FAILURE)  # each failure has been told where it happened


def demo(sheet: Path | None) -> None:
    """Draw DEMO with nano, whatever the settings say; on a terminal go on as the console. Raises Failure.

    sheet: a PNG that gets the pictures side by side.
    """
    view, settings = View(output()), read_settings()
    opened = LoopThread(lambda: open_studio(settings, view, own_engine=True, environment=DEMO_ENGINE))
    with sharing_console(settings), opened as studio:
        frontend = ConsoleFrontend(studio, view)
        for line in DEMO:
            view.console.print(Text(f"\n{PROMPT}{line}", style="bold cyan"), soft_wrap=True)
            if not frontend.answer(line):
                raise Failure("the demonstration did not come to its end: `sanggar doctor` says what is wrong")
        if sheet is not None:
            side_by_side(frontend.kept, sheet)
        view.say("\n" + frontend.replies.say("demo-done", folder=f"{FOLDER}/"))
        if sys.stdin.isatty() and sys.stdout.isatty():
            view.say(f"{frontend.replies.say('console-turn')} {frontend.replies.say('console-hint')}")
            frontend.run()
