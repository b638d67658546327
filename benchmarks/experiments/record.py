"""The rows of an experiment on disk, each written as soon as it is measured with some of its pictures; and the page."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import stdev
from typing import Any

from PIL import Image

from adapters.evaluation.report import markdown_table
from adapters.manifest import AdapterError
from adapters.reports.pictures import webp
from adapters.training.output import sheet
from engine.files import write_whole

Row = dict[str, Any]
"""Strings and numbers; beside a score perhaps those of each seed's pictures by themselves, see ``by_seed``."""
OF_SEEDS = "_by_seed"
PAGE = "README.md"
HEAD = """# The studies' experiments on nano

Made by `python -m benchmarks.experiments all`. The studies that Sanggar began with trained Stable Diffusion 2.1 at
512x512; nano is small, and judged with its own CLIP. What can be compared is the direction of an effect, not the
figures. [Making adapters](../making.md#the-studies-experiments) sums it up.

**What the figures can carry.** Every model here was trained once: how much another seed of the training would change is
not known. A score is that of all pictures together; ± is the standard deviation, over the seeds of drawing, of what the
pictures of one seed score, and where it is missing that is not known either. Rows that differ by less may differ by
chance. Similarity and CMMD can improve while the CLIP score falls, that is while captions are followed less: read them
side by side.
"""


@dataclass(frozen=True)
class Strip:
    """Pictures to look at beside a row's figures, drawn for these captions at one seed."""

    captions: Sequence[str]
    pictures: Sequence[Image.Image]


@dataclass
class Record:
    """``NAME.json``. Rows go by a key; one that is there is not measured again."""

    file: Path
    settings: dict[str, Any]
    """What the rows depend on: rows of other settings are not gone on with."""
    about: dict[str, str]
    rows: dict[str, Row] = field(default_factory=dict)
    strips: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Strips of some of the rows: the file beside ``NAME.json``, and its captions."""
    judged: str = ""
    """What was drawn to judge by; empty where each row says it."""
    seconds: float = 0.0
    _since: float = field(default_factory=time.perf_counter)

    @classmethod
    def open(cls, file: Path, settings: dict[str, Any], about: dict[str, str]) -> Record:
        """A new one, or the one in ``file``; raises AdapterError where that has other settings."""
        record = cls(file, settings, about)
        if file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["settings"] != settings:
                raise AdapterError(
                    f"{file} was measured otherwise ({differences(found['settings'], settings)}): say --anew to "
                    "replace it, or name another --folder"
                )
            record.rows, record.strips, record.seconds = found["rows"], found["strips"], found["seconds"]
            record.judged = found["judged"]
        record._write()
        return record

    def missing(self, key: str) -> bool:
        """Whether the row is still to be measured."""
        return key not in self.rows

    def add(self, key: str, row: Row, strip: Strip | None = None) -> None:
        """Writes the row with its pictures, and the time since the last one."""
        if strip:
            file = self.file.with_suffix("") / f"{re.sub('[^a-z0-9]+', '-', key.lower()).strip('-')}.webp"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(webp(sheet([strip.pictures], 1)))
            self.strips[key] = {"file": f"{file.parent.name}/{file.name}", "captions": list(strip.captions)}
        now = time.perf_counter()
        self.seconds, self._since = self.seconds + now - self._since, now
        self.rows[key] = row
        self._write()

    def _write(self) -> None:
        measured = {"seconds": self.seconds, "rows": self.rows, "strips": self.strips}
        content = {**self.about, "judged": self.judged, "settings": self.settings, **measured}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.file, f"{json.dumps(content, indent=2)}\n".encode())


def forget(file: Path) -> None:
    """Deletes a record, if it is there, and the pictures that it names; nothing else in its folder."""
    if file.is_file():
        for strip in json.loads(file.read_text(encoding="utf-8"))["strips"].values():
            (file.with_suffix("") / Path(strip["file"]).name).unlink(missing_ok=True)
        file.unlink()


def differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """The settings that are not the same."""
    return ", ".join(f"{name} {before.get(name)}, now {now[name]}" for name in now if before.get(name) != now[name])


def by_seed(name: str) -> str:
    """The name of a score's values for the pictures of each seed by themselves."""
    return f"{name}{OF_SEEDS}"


def columns(row: Row) -> list[str]:
    """The headings of a row."""
    return [name for name in row if not name.endswith(OF_SEEDS)]


def cells(row: Row) -> list[str]:
    """The row's values as people read them, scores with their spread over the seeds if it is known."""
    return [cell(row[name], row.get(by_seed(name))) for name in columns(row)]


def cell(value: str | float, values: list[float] | None) -> str:
    """A value with the standard deviation (n - 1) of the seeds' own."""
    spread = f" ± {stdev(values):.3f}" if values else ""
    return f"{value:.3f}{spread}" if isinstance(value, float) else str(value)


def strips_table(strips: dict[str, dict[str, Any]]) -> list[str]:
    """The pictures of the rows that have some, one strip below the other; nothing where none has."""
    texts = {key: "; ".join(strip["captions"]) for key, strip in strips.items()}
    lines = [[key, f"![{texts[key]}]({strip['file']})"] for key, strip in strips.items()]
    return [markdown_table([["", next(iter(texts.values()))], *lines])] if lines else []


def write_page(folder: Path, names: Sequence[str]) -> None:
    """The Markdown page of those experiments that are in the folder."""
    parts = [HEAD]
    for name in names:
        file = folder / f"{name}.json"
        found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        if rows := list(found.get("rows", {}).values()):
            parts += [
                f"## {found['title']}",
                markdown_table([columns(rows[0]), *map(cells, rows)]),
                *strips_table(found["strips"]),
                found["judged"],
                f"The study: {found['study']}.",
                f"`python -m benchmarks.experiments {name}`, scale {found['settings']['scale']:g}, "
                f"{found['seconds'] / 60:.0f} minutes.",
            ]
    (folder / PAGE).write_text("\n\n".join(part.strip() for part in parts if part) + "\n", encoding="utf-8")
