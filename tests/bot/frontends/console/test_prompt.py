"""What Tab completes."""

from __future__ import annotations

import pytest

from bot.commands.table import BUILT_IN, SIZES, command_table
from bot.frontends.console.prompt import candidates


@pytest.mark.parametrize(
    ("line", "word", "found"),
    [
        ("/re", "/re", ["/retro"]),
        ("/kancil a fox --se", "--se", ["--seed"]),
        ("kancil a fox --se", "--se", ["--seed"]),
        ("/draw x --seed 7 --se", "--se", []),
        ("/draw x --size ", "", sorted(SIZES)),
        ("/adapter ", "", ["info", "list", "use"]),
        ("/adapter info b", "b", ["batik"]),
        ("/adapter use ", "", ["batik", "kancil", "landscape", "retro"]),
        ("/adapter use kancil ", "", ["batik"]),
        ("/nothing ", "", []),
    ],
)
def test_completion_knows_what_can_come_next(line: str, word: str, found: list[str]) -> None:
    assert candidates(line, word, BUILT_IN, lambda: ["batik"]) == found


def test_completion_knows_further_styles() -> None:
    table = command_table({"batik": "Wax and dye"})
    assert candidates("/ba", "/ba", table, list) == ["/batik"]
    assert "batik" in candidates("/adapter use ", "", table, list)
    assert candidates("/batik x --see", "--see", table, list) == ["--seed"]


def test_completion_offers_every_sampler() -> None:
    assert "dpm++-2m-karras" in candidates("/draw x --sampler dpm++", "dpm++", BUILT_IN, list)
