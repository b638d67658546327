"""``python -m benchmarks.seeds NAME [--scale X] [--json FILE]``."""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import seeds
from benchmarks.seeds import data_sizes, epochs, guidance, inference_steps, l2, language, negative, steps
from benchmarks.seeds.room import Room, Row

EXPERIMENTS = {
    "epochs": epochs,
    "data": data_sizes,
    "steps": steps,
    "l2": l2,
    "inference-steps": inference_steps,
    "guidance": guidance,
    "negative": negative,
    "language": language,
}


def show(experiment: Any, rows: list[Row]) -> None:
    """The table, and what the study found."""
    table = Table(*rows[0], title=experiment.__doc__.strip())
    for row in rows:
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))
    console = Console()
    console.print(table)
    console.print(f"The study, on Stable Diffusion 2.1: {experiment.STUDY}.")


def main() -> None:
    """Run one experiment."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seeds", description=seeds.__doc__)
    parser.add_argument("name", choices=EXPERIMENTS)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full lengths and numbers; 0.05 is quick")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    experiment, began = EXPERIMENTS[options.name], time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        rows = experiment.measure(Room(options.scale, Path(work)))
    show(experiment, rows)
    if options.json:
        figures = {"experiment": options.name, "scale": options.scale, "study": experiment.STUDY, "rows": rows}
        figures |= {"seconds": time.perf_counter() - began, "torch": torch.__version__}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
