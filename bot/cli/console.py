"""``sanggar console`` and ``sanggar demo``."""

from __future__ import annotations

import sys

from rich.text import Text

from bot.cli.session import open_studio, sharing_console
from bot.cli.terminal import FAILURE, Failure, output
from bot.frontends.console import ConsoleFrontend
from bot.frontends.console.background import Background
from bot.frontends.console.prompt import PROMPT
from bot.frontends.console.view import View
from bot.settings import read_settings

DEMO = (
    "/kancil a clever mouse-deer by the river --seed 777",
    "/retro a ninja in a market --seed 777",
    "/landscape a castle on a mountain --seed 777",
    "/draw a red fox in the snow --seed 777",
)
"""Every style once, then the base model alone."""
DEMO_ENGINE = {"SANGGAR_MODEL": "nano", "SANGGAR_ENGINE_HOST": "127.0.0.1"}


def console() -> None:
    """The prompt, with an engine of its own where none runs."""
    view, settings = View(output()), read_settings()
    with sharing_console(settings) as alone, Background(lambda: open_studio(settings, view)) as studio:
        frontend = ConsoleFrontend(studio, view)
        if alone:
            frontend.recover()
        if sys.stdin.isatty():
            view.say("/help shows the commands, Tab completes, Ctrl-C cancels a picture, Ctrl-D leaves.")
        done = frontend.run()
    if not done and not sys.stdin.isatty():
        raise SystemExit(FAILURE)  # each failure has been told where it happened


def demo() -> None:
    """Draw DEMO with nano, whatever the settings say; on a terminal go on as the console. Raises Failure."""
    view, settings = View(output()), read_settings()
    opened = Background(lambda: open_studio(settings, view, own_engine=True, environment=DEMO_ENGINE))
    with sharing_console(settings), opened as studio:
        frontend = ConsoleFrontend(studio, view)
        for line in DEMO:
            view.console.print(Text(f"\n{PROMPT}{line}", style="bold cyan"), soft_wrap=True)
            if not frontend.answer(line):
                raise Failure("the demonstration did not come to its end: `sanggar doctor` says what is wrong")
        view.say("\nThe pictures are in pictures/. README.md says how to take this to Discord and Telegram.")
        if sys.stdin.isatty() and sys.stdout.isatty():
            view.say("Now it is your turn: /help shows the commands, Tab completes, Ctrl-D leaves.")
            frontend.run()
