"""The commands ``sanggar dataset check | prepare | caption | split``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.captions import read_rows, write_rows
from adapters.cli.output import refusals
from adapters.preparation.checking import Verdict, check_folder, summary
from adapters.preparation.preparing import prepare, split
from engine.hub import quieten

dataset_app = typer.Typer(help="From a folder of pictures to a data set to train on.", no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help="Your folder of pictures; it is only read.", exists=True, file_okay=False)]
Folder = Annotated[Path, typer.Argument(help="A data set made by prepare.", exists=True, file_okay=False)]
Resolution = Annotated[int, typer.Option(help="Side of the training pictures: 512 for SD 2.1, 128 for nano.", min=32)]


def show(verdicts: list[Verdict]) -> None:
    """What is left out and why, then how many are good."""
    table = Table("file", "size", "left out because")
    for verdict in verdicts:
        if verdict.reason:
            size = f"{verdict.size[0]}x{verdict.size[1]}" if verdict.size else "-"
            table.add_row(*map(Text, (str(verdict.file), size, verdict.reason)))
    if table.row_count:
        Console().print(table)
    typer.echo(summary(verdicts))


@dataset_app.command("check")
def check_command(source: Source, resolution: Resolution = 512) -> None:
    """Say which pictures are broken, tiny, blurred or there twice."""
    with refusals():
        show(check_folder(source, resolution))


@dataset_app.command("prepare")
def prepare_command(
    source: Source,
    target: Annotated[Path, typer.Argument(help="Folder of the data set; must be new or empty.")],
    resolution: Resolution = 512,
    name: Annotated[str, typer.Option(help="Start of the files' names; the target's name where left out.")] = "",
    captions: Annotated[
        Path | None, typer.Option(help="CSV of captions: file, caption.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Write the good pictures, resized, with captions.csv, left-out.csv and a contact sheet."""
    with refusals():
        show(prepare(source, target, name or target.resolve().name, resolution, captions))
        rows = read_rows(target)
    without = sum(not row.caption for row in rows)
    typer.echo(f"{len(rows)} pictures are in {target}")
    if without:
        typer.echo(f"{without} have no caption yet: sanggar dataset caption {target}")


@dataset_app.command("caption")
def caption_command(
    folder: Folder,
    model: Annotated[str, typer.Option(help="A BLIP of the hub or a local folder.")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="Also replace the captions that are there.")] = False,
) -> None:
    """Let BLIP say what is in the pictures that have no caption."""
    quieten()
    from adapters.preparation.captioning import BLIP, Captioner, fill_captions  # noqa: PLC0415 - imports torch

    with refusals():
        if anew or any(not row.caption for row in read_rows(folder)):
            fill_captions(folder, Captioner(model or BLIP).caption, anew=anew)
        for row in read_rows(folder):
            typer.echo(f"{row.file}: {row.caption}")


@dataset_app.command("split")
def split_command(
    folder: Folder,
    test: Annotated[float, typer.Option(help="Share that is held out.", min=0.0, max=1.0)] = 0.2,
    seed: Annotated[int, typer.Option(help="Decides which.")] = 777,
) -> None:
    """Hold a share of the pictures out for testing, in captions.csv."""
    with refusals():
        rows = split(read_rows(folder), test, seed)
        write_rows(folder, rows)
    held_out = sum(row.split == "test" for row in rows)
    typer.echo(f"{len(rows) - held_out} to train on, {held_out} to test with")
