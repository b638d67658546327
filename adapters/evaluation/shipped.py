"""Makes the reports of the shipped adapters anew: ``python -m adapters.evaluation.shipped [--folder docs/adapters]``.

Each becomes ``NAME.md`` with its pictures, ``NAME.html`` with all of them within, and ``NAME.json``, measured on its
held-out captions with nano's CLIP, drawn at the weight of its style. The table of all of them is ``reports.md``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.registry import SHIPPED, Registry
from engine.hub import quieten

DOCS = SHIPPED.parent / "docs" / "adapters"
HEAD = """# Reports of the shipped adapters

Made by `python -m adapters.evaluation.shipped`: the held-out captions of each data set, drawn by nano without (before)
and with the adapter (after) at equal prompts and seeds, and looked at with nano's own CLIP. A change is the mean over
the seeds of after minus before, with its spread over the seeds. Less is better for CMMD and the Frechet distance, more
for the similarity to the held-out pictures and for the CLIP score, which says whether the caption is still drawn.
"""


def main(
    folder: Annotated[Path, typer.Option(help="Where the reports go.")] = DOCS,
    seeds: Annotated[int, typer.Option(help="Pictures of each held-out caption.", min=2)] = 4,
    only: Annotated[list[str] | None, typer.Option(help="Only this adapter; may be given again.")] = None,
) -> None:
    """Evaluate the shipped adapters and write their reports."""
    quieten()
    from adapters.evaluation.backbones import load_eyes  # noqa: PLC0415 - torch takes seconds to import
    from adapters.evaluation.evaluate import evaluate  # noqa: PLC0415
    from adapters.evaluation.report import markdown_table, write_json, write_markdown, write_page  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    eyes = load_eyes("nano")
    lines: list[tuple[str, ...]] = [("adapter", "CMMD", "Frechet distance", "similarity", "CLIP score", "verdict")]
    for adapter in Registry([SHIPPED]).list():
        if only and adapter.name not in only:
            continue
        evaluation = evaluate(adapter, adapter.folder / "dataset", eyes, seeds)
        write_markdown(evaluation, folder)
        write_page(evaluation, folder / f"{adapter.name}.html")
        write_json(evaluation, folder / f"{adapter.name}.json")
        changes = (str(evaluation.changes[name]) for name in ("cmmd", "fid", "reference_similarity", "clip_score"))
        name = adapter.name
        links = f"[{name}]({name}.md), [all pictures]({name}.html), [figures]({name}.json)"
        lines.append((links, *changes, evaluation.verdict))
        typer.echo(evaluation.verdict)
    if not only:
        (folder / "reports.md").write_text(f"{HEAD}\n{markdown_table(lines)}\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
