"""``python -m benchmarks.chaos --jobs 200 --kills 40 --json FILE``; exit code 1 if a figure is not 0."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from rich.progress import Progress

from benchmarks.chaos.faults import FAULTS, KILLS
from benchmarks.chaos.judging import Verdict, judge, settled, write
from benchmarks.chaos.members import Members
from benchmarks.chaos.world import World

SETTLE_SECONDS = 180.0
"""How long the bot may take to bring everything to its end once nothing goes wrong any more."""


async def run(jobs: int, kills: int, seed: int, folder: Path) -> tuple[Verdict, dict[str, int]]:
    """The verdict, and how often each fault was made."""
    dice, made = Random(seed), Counter[str]()
    others = [name for name in FAULTS if name not in KILLS]
    plan = [dice.choice(KILLS) for _ in range(kills)] + [dice.choice(others) for _ in range(kills // 2)]
    dice.shuffle(plan)
    async with World(folder / "data") as world:
        members = Members(world, dice)
        await world.start()
        with Progress(transient=True) as bar:
            pause = 2 * len(plan) / jobs  # commands go on about as long as faults do
            asking = asyncio.create_task(ask(members, jobs, pause, bar))
            breaking = bar.add_task("faults", total=len(plan))
            for name in plan:
                await asyncio.sleep(dice.uniform(0.1, 1.5))
                await FAULTS[name](world, dice)
                made[name] += 1
                bar.advance(breaking)
            await asking
            world.mend()
            bar.add_task("settling", total=None)
            await settle(members, world)
        return judge(members.commands, world.database), dict(made)


async def ask(members: Members, jobs: int, pause: float, bar: Progress) -> None:
    """Members draw, with pauses of about so many seconds between them."""
    task = bar.add_task("commands", total=jobs)
    while len(members.commands) < jobs:
        await members.ask()
        bar.update(task, completed=len(members.commands))
        await asyncio.sleep(members.dice.uniform(0, 2 * pause))


async def settle(members: Members, world: World) -> None:
    """Wait until nothing more is going to happen, SETTLE_SECONDS at most."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while not settled(members.commands, world.database):  # noqa: ASYNC110 - another process brings it about
                await asyncio.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1, help="what goes wrong when")
    parser.add_argument("--json", type=Path, help="where the figures go")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sanggar-chaos-") as folder:
        verdict, made = asyncio.run(run(options.jobs, options.kills, options.seed, Path(folder)))
        log = (Path(folder) / "bot.log").read_text(encoding="utf-8", errors="replace")
    print(f"{verdict.commands} commands, {verdict.accepted} accepted, {verdict.delivered} delivered, "
          f"{verdict.failed} failed and told; faults: {made}")  # fmt: skip
    print(" · ".join(f"{name} {count}" for name, count in verdict.faults.items()))
    if options.json:
        write(verdict, made, options.json)
    if any(verdict.faults.values()):
        print("\n".join(log.splitlines()[-40:]), file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
