"""The commands ``sanggar dataset check | prepare | caption | split``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.captions import DataError, read_rows, write_rows
from adapters.cli.output import refusals
from adapters.preparation.checking import Choices, Inspection, Shape, Verdict, check_folder, summary
from adapters.preparation.preparing import prepare, split
from engine.hub import quieten

dataset_app = typer.Typer(help="From a folder of pictures to a data set to train on.", no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help="Your folder of pictures; it is only read.", exists=True, file_okay=False)]
Folder = Annotated[Path, typer.Argument(help="A data set made by prepare.", exists=True, file_okay=False)]
Resolution = Annotated[int, typer.Option(help="Side of the training pictures: 512 for SD 2.1, 128 for nano.", min=32)]
Table = Annotated[
    Path | None,
    typer.Option(help="CSV of captions: file, caption, perhaps split (train or test).", exists=True, dir_okay=False),
]
ShapeOption = Annotated[
    Shape,
    typer.Option(help="Of pictures far from square: crop takes the middle, pad adds white, skip leaves them out."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        help="A picture to take though it is tiny, blurred or there twice; also 'mist*.jpg'; may be repeated."
    ),
]
AGAINST_WHICH = ("tiny", "blurred", "near-duplicate")
"""Reasons for leaving a picture out that its owner may know better than."""


def show(inspection: Inspection) -> None:
    """What is left out and why, what else there is to know, then how many are good."""
    for verdict in inspection.left_out:
        typer.echo(f"left out: {called(verdict)}: {verdict.reason}")
    for verdict in inspection.good:
        for note in verdict.notes:
            typer.echo(f"note: {called(verdict)}: {note}")
    for remark in inspection.remarks:
        typer.echo(f"caption: {remark}")
    for other in inspection.passed_over:
        typer.echo(f"passed over: {other.path}: {other.reason}")
    typer.echo(summary(inspection.verdicts))
    if any(verdict.reason.startswith(AGAINST_WHICH) for verdict in inspection.left_out):
        typer.echo("one that is good all the same is kept by --keep FILE")


def called(verdict: Verdict) -> str:
    """The file with its size, if that is known."""
    return f"{verdict.file} ({verdict.size[0]}x{verdict.size[1]})" if verdict.size else str(verdict.file)


@dataset_app.command("check")
def check_command(
    source: Source,
    resolution: Resolution = 512,
    captions: Table = None,
    shape: ShapeOption = "crop",
    keep: Keep = None,
) -> None:
    """Say which pictures are broken, tiny, blurred or there twice, and which captions belong to none."""
    with refusals():
        show(check_folder(source, Choices(resolution, shape, tuple(keep or ())), captions))


@dataset_app.command("prepare")
def prepare_command(
    source: Source,
    target: Annotated[Path, typer.Argument(help="Folder of the data set; must be new or empty.")],
    *,
    resolution: Resolution = 512,
    name: Annotated[str, typer.Option(help="Start of the files' names; the target's name where left out.")] = "",
    captions: Table = None,
    shape: ShapeOption = "crop",
    keep: Keep = None,
) -> None:
    """Write the good pictures, resized, with captions.csv, left-out.csv and a contact sheet."""
    choices = Choices(resolution, shape, tuple(keep or ()))
    with refusals():
        show(prepare(source, target, name or target.resolve().name, choices, captions))
        rows = read_rows(target)
    without, held_out = (sum(not row.caption for row in rows), sum(row.split == "test" for row in rows))
    typer.echo(f"{len(rows)} pictures of {resolution}x{resolution} are in {target}")
    if held_out:
        typer.echo(f"{held_out} of them are held out for testing, as the column split of {captions} says")
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
    anew: Annotated[bool, typer.Option("--anew", help="Also choose again which are held out.")] = False,
) -> None:
    """Hold a share of the pictures out for testing, in captions.csv."""
    with refusals():
        before = read_rows(folder)
        if not anew and (count := sum(row.split == "test" for row in before)):
            raise DataError(f"{count} of {len(before)} pictures are held out already; --anew chooses others")
        rows = split(before, test, seed)
        write_rows(folder, rows)
    held_out = sum(row.split == "test" for row in rows)
    typer.echo(f"{len(rows) - held_out} to train on, {held_out} to test with")
