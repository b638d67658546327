"""The small parts: words, files, progress, the comparison of commands."""

from __future__ import annotations

import asyncio
import io
import itertools
from typing import Any

import pytest
from PIL import Image

from bot.frontends.discord.live import Live, telling
from bot.frontends.discord.sync import alike, by_name
from bot.frontends.discord.text import bar, clip, escape
from bot.frontends.discord.uploads import EXIF_IFD, USER_COMMENT, fit
from bot.jobs.job import Progress, State
from tests.bot.kit.pictures import picture, png


def drawing(step: int, preview: bytes | None = None) -> Progress:
    return Progress(State.DRAWING, step=step, steps=40, preview=preview)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a_b *c* `d` ~e~ |f|", r"a\_b \*c\* \`d\` \~e\~ \|f\|"),
        ("<@1> <#2> <t:3>", r"\<@1\> \<#2\> \<t:3\>"),
        ("https://b.example", r"https\://b.example"),
        ("# big\n- list\n#tag 3:2", "\\# big\n\\- list\n#tag 3:2"),
        ("@here", "@\u200bhere"),
        ("a back\\slash", r"a back\\slash"),
    ],
)
def test_escaped_words_look_as_typed(typed: str, shown: str) -> None:
    assert escape(typed) == shown


def test_clipping_leaves_no_half_escape() -> None:
    assert clip("aaaa\\*b", 6) == "aaaa…"
    assert clip("short", 6) == "short"


def test_the_bar_is_full_at_the_end() -> None:
    assert [bar(part).count("▰") for part in (0, 0.5, 1)] == [0, 6, 12]
    assert {len(bar(part / 7)) for part in range(8)} == {12}


def test_a_picture_that_fits_is_left_alone() -> None:
    whole = png(1, "words")
    assert fit(picture(whole, "words"), len(whole)) == ("png", whole)


def test_a_picture_that_does_not_fit_keeps_its_parameters() -> None:
    ending, data = fit(picture(png(1, "a fox\nSteps: 25", side=256), "a fox\nSteps: 25"), 20_000)
    assert ending == "jpg"
    assert len(data) <= 20_000
    with Image.open(io.BytesIO(data)) as image:
        comment = image.getexif().get_ifd(EXIF_IFD)[USER_COMMENT]
    assert comment == b"UNICODE\0" + "a fox\nSteps: 25".encode("utf-16-be")


def test_only_telling_progress_is_shown() -> None:
    steps = [drawing(step) for step in range(1, 41)]
    shown: list[Progress] = []
    for progress in steps:
        if telling(shown[-1] if shown else None, progress):
            shown.append(progress)
    assert [progress.step for progress in shown] == [1, 10, 20, 30, 40]
    assert telling(drawing(1), drawing(2, preview=b"png"))
    assert telling(Progress(State.QUEUED, 9), Progress(State.QUEUED, 8))
    assert telling(Progress(State.QUEUED), Progress(State.QUEUED, engine_away=True))
    assert not telling(Progress(State.QUEUED, 10), Progress(State.QUEUED, 9))


async def test_edits_keep_their_distance_and_the_newest_wins() -> None:
    loop, shown, done = asyncio.get_running_loop(), list[tuple[float, Progress]](), asyncio.Event()

    async def edit(progress: Progress) -> bool:
        shown.append((loop.time(), progress))
        if progress.step == 40:
            done.set()
        return True

    live = Live(edit, distance=0.05)
    for step in range(0, 41, 10):
        live.show(drawing(step, preview=b"png" if step == 20 else None))
        await asyncio.sleep(0)
    await done.wait()
    await live.end()
    assert [progress.step for _, progress in shown] == [0, 40]
    assert shown[-1][1].preview == b"png"
    assert all(after - before >= 0.05 for (before, _), (after, _) in itertools.pairwise(shown))


async def test_nothing_is_edited_after_the_end() -> None:
    shown: list[Progress] = []
    started, go_on = asyncio.Event(), asyncio.Event()

    async def edit(progress: Progress) -> bool:
        started.set()
        await go_on.wait()
        shown.append(progress)
        return True

    live = Live(edit, distance=60)
    live.show(drawing(1))
    await started.wait()
    live.show(drawing(20))
    ending = asyncio.create_task(live.end())
    go_on.set()
    await ending
    live.show(drawing(40))
    assert [progress.step for progress in shown] == [1]


OURS: dict[str, Any] = {
    "name": "a",
    "options": [{"name": "b", "required": False, "min_value": 1.0}],
    "contexts": [0, 1],
    "default_member_permissions": 32,
    "name_localizations": {},
    "description_localizations": {"id": "satu"},
}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"id": "1", "version": "2", "contexts": [1, 0], "default_member_permissions": "32"}, True),
        ({"options": [{"name": "b", "min_value": 1}], "name_localizations": None, "nsfw": False}, True),
        ({"options": [{"name": "b", "min_value": 2}]}, False),
        ({"options": [{"name": "b", "min_value": 1, "required": True}]}, False),
        ({"options": []}, False),
        ({"default_member_permissions": None}, False),
        ({"name_localizations": {"id": "x"}}, False),
        ({"description_localizations": {"id": "dua"}}, False),
    ],
)
def test_commands_are_compared_by_what_they_mean(change: dict[str, Any], same: bool) -> None:
    assert alike(by_name([OURS]), by_name([OURS | change])) is same
