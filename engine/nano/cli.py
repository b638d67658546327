"""``sanggar nano``: where the shipped model is, how to train it again, and a sheet of what it draws."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.files import NotOurs
from engine.nano import WEIGHTS
from engine.nano.concepts import FAVOURITES

nano_app = typer.Typer(name="nano", help="The small model that is shipped with Sanggar.", no_args_is_help=True)


class Stage(StrEnum):
    """What to train; ``data`` only draws the pictures."""

    DATA = "data"
    VAE = "vae"
    GROW = "grow"
    CLIP = "clip"
    UNET = "unet"
    VISION = "vision"
    ALL = "all"


@nano_app.command()
def path() -> None:
    """Print the folder of the shipped weights (diffusers layout)."""
    typer.echo(WEIGHTS)


@nano_app.command()
def train(
    *,
    stage: Annotated[Stage, typer.Option(help="What to train.")] = Stage.ALL,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps in all, for a single stage.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint.")] = False,
    run: Annotated[Path, typer.Option(help="Folder of pictures and checkpoints.")] = Path("runs/nano"),
    start: Annotated[Path | None, typer.Option(help="A weights folder to go on from, instead of from nothing.")] = None,
    output: Annotated[Path | None, typer.Option(help="Where the finished weights go.")] = None,
) -> None:
    """Draw the training pictures, train, and write the weights (to RUN/weights unless --output says otherwise)."""
    from engine.nano.sprites import SpritesMissingError  # noqa: PLC0415  keeps `path` free of torch
    from engine.nano.training import stages  # noqa: PLC0415
    from engine.nano.training.loop import StageMissingError  # noqa: PLC0415

    try:
        stages.prepare(run, start)
        for name in stages.STAGES:
            if stage in {name, Stage.ALL}:
                stages.train_stage(run, name, steps if stage == name else None, resume or start is not None)
        if stage in {Stage.UNET, Stage.VISION, Stage.ALL}:
            stages.export(run, output or run / "weights")
    except (SpritesMissingError, StageMissingError, NotOurs) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@nano_app.command()
def sheet(
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture to write: PNG or WebP, by its name.")],
    model: Annotated[Path, typer.Option(help="A folder in diffusers layout.")] = WEIGHTS,
) -> None:
    """Draw the ten subjects with five seeds each on one contact sheet."""
    from engine.nano.sheet import draw_sheet  # noqa: PLC0415  keeps `path` free of torch

    draw_sheet(model, [f"a {subject}" for subject in FAVOURITES], seeds=5).save(output)
