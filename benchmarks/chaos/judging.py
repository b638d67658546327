"""What became of every command: figures that must all be 0."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.members import Command

ENDS = ("delivered", "failed", "cancelled")


@dataclass
class Verdict:
    """Seeds of the commands to which each of these happened.

    lost: accepted, but neither delivered nor told to have failed. doubled: more than one picture of the seed.
    misdelivered: a picture where another's belong. stuck: a job in no last state, or a message that says it is on its
    way. silent: acknowledged to the platform, and never a word.
    """

    commands: int = 0
    acknowledged: int = 0
    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    lost: list[int] = field(default_factory=list)
    doubled: list[int] = field(default_factory=list)
    misdelivered: list[int] = field(default_factory=list)
    stuck: list[int] = field(default_factory=list)
    silent: list[int] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        return {name: len(getattr(self, name)) for name in ("lost", "doubled", "misdelivered", "stuck", "silent")}


def states(database: Path) -> dict[int, list[str]]:
    """The states of the jobs in the journal, by seed."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT seed, state FROM jobs").fetchall()
    finally:
        connection.close()
    found: dict[int, list[str]] = {}
    for seed, state in rows:
        found.setdefault(seed, []).append(state)
    return found


def settled(commands: Sequence[Command], database: Path) -> bool:
    """Whether nothing more is going to happen."""
    jobs = states(database)
    return all(state in ENDS for each in jobs.values() for state in each) and not any(
        command.unfinished or (command.acknowledged and not command.words) for command in commands
    )


def judge(commands: Sequence[Command], database: Path) -> Verdict:
    """Look up every command in the journal and where its member reads."""
    verdict, jobs = Verdict(commands=len(commands)), states(database)
    for command in commands:
        seed, of_command = command.seed, jobs.get(command.seed, [])
        pictures = command.pictures(seed)
        verdict.acknowledged += command.acknowledged
        verdict.accepted += bool(of_command)
        verdict.delivered += pictures > 0
        verdict.failed += "failed" in of_command
        if of_command and not pictures and "failed" not in of_command:
            verdict.lost.append(seed)
        if pictures > 1 or len(of_command) > 1:
            verdict.doubled.append(seed)
        if any(state not in ENDS for state in of_command) or command.unfinished:
            verdict.stuck.append(seed)
        if command.acknowledged and not command.words:
            verdict.silent.append(seed)
    verdict.misdelivered = strays(commands)
    return verdict


def strays(commands: Sequence[Command]) -> list[int]:
    """Seeds whose pictures stand at another command's place."""
    places = {command.place: command for command in commands}
    return [
        command.seed
        for command in commands
        for place, other in places.items()
        if place != command.place and other.pictures(command.seed)
    ]


def write(verdict: Verdict, faults: dict[str, int], file: Path) -> None:
    report = {"faults_made": faults, **vars(verdict), "figures": verdict.faults}
    file.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
