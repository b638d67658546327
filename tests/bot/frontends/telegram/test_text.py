"""Texts, and what a button carries."""

from __future__ import annotations

import pytest

from bot.commands.buttons import Button
from bot.frontends.telegram import buttons
from bot.frontends.telegram.text import fit, marked, units
from bot.jobs.journal import new_id


def test_lengths_are_counted_in_utf_16_units() -> None:
    assert units("a🦌") == 3
    assert fit("a🦌🦌", 5) == "a🦌🦌"
    assert fit("a🦌🦌", 4) == "a🦌…"
    assert units(fit("🦌" * 300, 200)) <= 200


def test_what_a_member_wrote_becomes_code_and_never_markup() -> None:
    assert marked("“a <b> & c”\nwithout: @ani\n/kancil · seed 7") == (
        "“<code>a &lt;b&gt; &amp; c</code>”\n<code>without: @ani</code>\n/kancil · seed 7"
    )


@pytest.mark.parametrize("action", list(Button))
def test_a_button_carries_its_job_within_telegrams_limit(action: Button) -> None:
    job_id = new_id()
    assert buttons.read(f"{action}:{job_id}") == (action, job_id)
    assert len(f"{action}:{job_id}".encode()) <= 64


@pytest.mark.parametrize("data", [None, "", "again", "again:", ":abc", "explode:abc"])
def test_what_no_button_of_ours_carries_is_refused(data: str | None) -> None:
    assert buttons.read(data) is None
