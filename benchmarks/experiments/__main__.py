"""``python -m benchmarks.experiments NAME|all [--scale X] [--folder FOLDER] [--work FOLDER] [--anew]``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from adapters.manifest import AdapterError
from adapters.registry import SHIPPED, Registry, hash_files
from benchmarks import experiments as seeds
from benchmarks.experiments import data_sizes, epochs, guidance, inference_steps, l2, language, negative, steps
from benchmarks.experiments.experiment import Experiment
from benchmarks.experiments.judging import Size
from benchmarks.experiments.record import Record, cells, columns, forget, write_page
from engine.files import NotOurs, make_own, remove_own
from engine.nano import WEIGHTS

EXPERIMENTS: dict[str, Any] = {
    "epochs": epochs,
    "data": data_sizes,
    "steps": steps,
    "l2": l2,
    "inference-steps": inference_steps,
    "guidance": guidance,
    "negative": negative,
    "language": language,
}
FOLDER = SHIPPED.parent / "docs" / "adapters" / "experiments"
WORK = Path("data/seeds")


def settings(experiment: Any, scale: float) -> dict[str, Any]:
    """What an experiment's rows depend on: scale, nano's weights, and what is shipped of the style."""
    style = Registry([SHIPPED]).get(experiment.STYLE)
    made_of = [SHIPPED / style.name / "recipe.toml", *sorted((style.folder / "dataset").iterdir())]
    return {
        "scale": scale,
        "nano": hash_files(sorted(WEIGHTS.rglob("*.safetensors")))[:12],
        "adapter": style.manifest.sha256[:12],
        "recipe and data": hash_files(made_of)[:12],
    }


def run(name: str, scale: float, folder: Path, work: Path) -> Record:
    """Measures what is still missing of an experiment. Raises AdapterError where its record is of other settings."""
    experiment, file = EXPERIMENTS[name], folder / f"{name}.json"
    about = {"experiment": name, "title": experiment.__doc__.strip(), "study": experiment.STUDY}
    record = Record.open(file, settings(experiment, scale), about)
    experiment.measure(Experiment(record, Size(scale), make_own(work)))
    remove_own(work)
    return record


def show(record: Record) -> None:
    """The table, and what the study found."""
    rows = list(record.rows.values())
    table = Table(*columns(rows[0]), title=record.about["title"])
    for row in rows:
        table.add_row(*cells(row))
    console = Console()
    console.print(table)
    console.print(f"The study, on Stable Diffusion 2.1: {record.about['study']}.")


def main() -> None:
    """Run one experiment, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments", description=seeds.__doc__)
    parser.add_argument("name", choices=[*EXPERIMENTS, "all"])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full lengths and numbers; 0.02 is quick")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where NAME.json and the page of all are written")
    parser.add_argument("--work", type=Path, default=WORK, help="where checkpoints are kept until it is done")
    parser.add_argument("--anew", action="store_true", help="measure again what is there")
    options = parser.parse_args()
    names = list(EXPERIMENTS) if options.name == "all" else [options.name]
    try:
        for name in names if options.anew else ():
            remove_own(options.work / name)
            forget(options.folder / f"{name}.json")
        for name in names:
            show(run(name, options.scale, options.folder, options.work / name))
            write_page(options.folder, list(EXPERIMENTS))
    except (AdapterError, NotOurs) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command without --anew goes on from here")


if __name__ == "__main__":
    main()
