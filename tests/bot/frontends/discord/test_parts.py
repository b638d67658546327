"""The small parts: words, files, the comparison of commands."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bot.frontends.discord.sync import alike, by_name
from bot.frontends.discord.text import bar, clip, escape
from bot.frontends.discord.uploads import EXIF_IFD, USER_COMMENT, fit
from tests.bot.kit.pictures import picture, png


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("a_b *c* `d` ~e~ |f|", r"a\_b \*c\* \`d\` \~e\~ \|f\|"),
        ("<@1> <#2> <t:3>", r"\<@1\> \<#2\> \<t:3\>"),
        ("https://b.example", r"https\://b.example"),
        ("# big\n- list\n#tag 3:2", "\\# big\n\\- list\n#tag 3:2"),
        ("@here", "@\u200bhere"),
        ("see Discord.gg/abc", "see Discord\u200b.gg/abc"),
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
