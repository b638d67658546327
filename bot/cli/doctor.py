"""``sanggar doctor``: a line for each check, and what to do about those that failed."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.text import Text

from bot.cli.terminal import FAILURE, output
from bot.doctor import Finding, Mark, examine
from bot.frontends.console.view import View

COLOURS = {Mark.GOOD: "green", Mark.BAD: "bold red", Mark.OPEN: "dim"}
NAME_COLUMNS = 10


def doctor(*, quick: bool) -> int:
    """The exit code: 0 where what is configured can go live."""
    view = View(output())
    try:
        findings = asyncio.run(_look(view, start_engine=not quick))
    finally:
        view.clear()
    faults = sum(finding.mark is Mark.BAD for finding in findings)
    if faults:
        view.say(f"\n{faults} to mend before this can go live.")
        return FAILURE
    view.say("\nReady: `sanggar up` goes live.")
    return 0


async def _look(view: View, *, start_engine: bool) -> list[Finding]:
    findings = []
    async for finding in examine(lambda text: view.progress(text, None), start_engine=start_engine):
        view.clear()
        _print(view.console, finding)
        findings.append(finding)
    return findings


def _print(console: Console, finding: Finding) -> None:
    """Lines are never broken by us, so that an address in them can be clicked and copied."""
    mark = Text(finding.mark, style=COLOURS[finding.mark])
    console.print(Text.assemble(mark, f" {finding.name:{NAME_COLUMNS}} {finding.text}"), soft_wrap=True)
    if finding.advice:
        advice = f"  {'':{NAME_COLUMNS}} → {finding.advice}"
        console.print(Text(advice, style="dim" if finding.mark is Mark.GOOD else "yellow"), soft_wrap=True)
