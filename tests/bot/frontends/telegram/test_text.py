"""Texts, positions worth telling, and what a button carries."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.frontends.telegram import buttons
from bot.frontends.telegram.courier import telling
from bot.frontends.telegram.text import fit, marked, units
from bot.jobs.job import Progress, State
from bot.jobs.journal import new_id
from bot.jobs.pictures import PictureStore
from tests.bot.kit.pictures import picture


def test_lengths_are_counted_in_utf_16_units() -> None:
    assert units("a🦌") == 3
    assert fit("a🦌🦌", 5) == "a🦌🦌"
    assert fit("a🦌🦌", 4) == "a🦌…"
    assert units(fit("🦌" * 300, 200)) <= 200


def test_what_a_member_wrote_becomes_code_and_never_markup() -> None:
    assert marked("“a <b> & c”\nwithout: @ani\n/kancil · seed 7") == (
        "“<code>a &lt;b&gt; &amp; c</code>”\n<code>without: @ani</code>\n/kancil · seed 7"
    )


def test_only_telling_positions_are_worth_an_edit() -> None:
    told = [telling(Progress(State.QUEUED, position))[1] for position in range(40)]
    assert sorted(set(told)) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 20, 25, 31, 38, 47]
    assert len({telling(Progress(State.DRAWING, step=step, steps=50)) for step in range(51)}) == 5


@pytest.mark.parametrize("action", list(buttons.Action))
def test_a_button_carries_its_job_within_telegrams_limit(action: buttons.Action) -> None:
    job_id = new_id()
    assert buttons.read(f"{action}:{job_id}") == (action, job_id)
    assert len(f"{action}:{job_id}".encode()) <= 64


@pytest.mark.parametrize("data", [None, "", "again", "again:", ":abc", "explode:abc"])
def test_what_no_button_of_ours_carries_is_refused(data: str | None) -> None:
    assert buttons.read(data) is None


async def test_the_oldest_originals_make_room(tmp_path: Path) -> None:
    pictures_kept = PictureStore(tmp_path / "pictures_kept", most_bytes=25)
    for name in ("first", "second", "third"):
        await pictures_kept.keep(name, [picture(name.encode() * 2)])
    assert await pictures_kept.read("first") == []
    assert await pictures_kept.read("second") == [b"secondsecond"]
    assert await pictures_kept.read("third") == [b"thirdthird"]
