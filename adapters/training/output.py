"""What a run leaves behind: the adapter's folder, sample sheets, the losses as CSV and as a plot."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from adapters.manifest import MANIFEST, AdapterError, Manifest
from adapters.registry import DIFFERENCE_FILE, Adapter, hash_files
from adapters.reports.plots import loss_plot
from adapters.training.base import Base
from adapters.training.method import Method
from adapters.training.recipe import Recipe
from engine.files import make_readable, staged

UNHASHED = "0" * 64


def check_free(into: Path, name: str, replace: bool) -> None:
    """Raises AdapterError where the adapter is there already: adapters never change."""
    if not replace and (into / name / MANIFEST).exists():
        raise AdapterError(f"{into / name} is an adapter already: choose another name, or say --replace")


def write_adapter(recipe: Recipe, base: Base, method: Method, into: Path) -> Adapter:
    """Writes the weights and the manifest beside the folder, checks them, and moves them in, the manifest last."""
    name = recipe.adapter.name
    with staged(into / f".{name}.unfinished") as unfinished:
        return _write(recipe, base, method, unfinished, into / name)


def _write(recipe: Recipe, base: Base, method: Method, unfinished: Path, folder: Path) -> Adapter:
    about = recipe.adapter
    method.write(unfinished)
    make_readable(unfinished)
    manifest = Manifest(
        kind=recipe.kind,
        base_model=recipe.base_model,
        prediction_type=base.prediction_type,
        rank=recipe.lora.rank if recipe.lora else None,
        sha256=UNHASHED,
        recipe=recipe.as_written(),
        **about.model_dump(),
    )
    files = Adapter(manifest, unfinished).files()
    manifest = manifest.model_copy(update={"sha256": hash_files(files)})
    manifest.write(unfinished / MANIFEST)
    Adapter(manifest, unfinished).verify()
    for replaced in (MANIFEST, DIFFERENCE_FILE):
        (folder / replaced).unlink(missing_ok=True)
    for file in [*files, unfinished / MANIFEST]:
        place = folder / file.relative_to(unfinished)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
    return Adapter(manifest, folder)


@contextmanager
def losses_table(folder: Path, losses: Sequence[float]) -> Iterator[Callable[[int, float], None]]:
    """Begins ``losses.csv`` with those of the steps that are done; what is called with a step and its loss adds a line.

    Every line is on disk at once.
    """
    with (folder / "losses.csv").open("w", buffering=1, newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows([("step", "loss"), *enumerate(losses)])
        yield lambda step, loss: writer.writerow((step, loss))


def write_plot(losses: Sequence[float], folder: Path) -> None:
    """``losses.png``, where plots can be made."""
    if plot := loss_plot(losses):
        plot.save(folder / "losses.png")


def sheet(rows: Sequence[Sequence[Image.Image]], enlarge: int = 1, gap: int = 4) -> Image.Image:
    """Pictures of one size in a grid on white."""
    width, height = (length * enlarge for length in rows[0][0].size)
    columns = max(len(row) for row in rows)
    size = (columns * (width + gap) + gap, len(rows) * (height + gap) + gap)
    grid = Image.new("RGB", size, "white")
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            place = (gap + across * (width + gap), gap + down * (height + gap))
            grid.paste(picture.convert("RGB").resize((width, height), Image.Resampling.NEAREST), place)
    return grid
