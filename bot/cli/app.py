"""The command table of ``sanggar``. What a command needs is in its own module; torch is in none of them."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.log import speaker
from bot.cli.mounted import mount, new_typer
from bot.cli.terminal import ending
from bot.network import mend_no_proxy
from bot.settings import read_settings

app = new_typer("A self-hosted drawing bot for Discord and Telegram, and a console.")
OUTPUT = "The PNG to write (or replace); - is standard output. Several become FILE-1.png, FILE-2.png ..."


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sanggar {version('sanggar')}")
        raise typer.Exit


@app.callback()
def sanggar(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """A self-hosted drawing bot for Discord and Telegram, and a console."""


@app.command()
def demo(sheet: Annotated[Path | None, typer.Option(help="A PNG to put them side by side in.")] = None) -> None:
    """Draw a picture in each style with nano; on a terminal go on as the console."""
    from bot.cli import console as module  # noqa: PLC0415 - `--help` starts at once

    module.demo(sheet)


@app.command()
def console() -> None:
    """Draw at a prompt, with the commands of the chats."""
    from bot.cli import console as module  # noqa: PLC0415 - `--help` starts at once

    module.console()


@app.command()
def draw(
    command: Annotated[str, typer.Argument(help='As in a chat: "/kancil a red fox --seed 777".')],
    output: Annotated[Path | None, typer.Option("-o", "--output", help=OUTPUT, show_default="in pictures/")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print path, seed and parameters as JSON.")] = False,
) -> None:
    """Draw one command into a file.

    Uses the engine that runs; where none does, starts one for the while.
    """
    from bot.cli import draw as module  # noqa: PLC0415

    module.draw(command, output, as_json=as_json)


@app.command()
def up() -> None:
    """Run the bot: the engine, and every platform that has a token."""
    from bot.cli import up as module  # noqa: PLC0415

    settings = read_settings()
    asyncio.run(module.up(settings, speaker(settings)))


@app.command()
def doctor(quick: Annotated[bool, typer.Option("--quick", help="Start no engine to try it.")] = False) -> None:
    """Check what going live needs, and say what to do."""
    from bot.cli import doctor as module  # noqa: PLC0415

    raise typer.Exit(module.doctor(quick=quick))


mount(app)


def main() -> None:
    """The script ``sanggar``."""
    mend_no_proxy()
    with ending():
        app(prog_name="sanggar")
