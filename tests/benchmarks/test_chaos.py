"""A short run of the chaos benchmark: nothing is lost, doubled, misdelivered, stuck or silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.chaos.__main__ import run


@pytest.mark.timeout(600)
async def test_no_command_is_lost_doubled_misdelivered_stuck_or_silent(tmp_path: Path) -> None:
    verdict, made = await run(jobs=8, kills=2, seed=3, folder=tmp_path)
    assert sum(made.values()) == 3
    assert verdict.commands == 8
    assert verdict.delivered + verdict.failed >= verdict.accepted > 0
    assert verdict.faults == {"lost": 0, "doubled": 0, "misdelivered": 0, "stuck": 0, "silent": 0}
