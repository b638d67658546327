"""Every answer has words, in both languages, at the length that each platform takes."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.frontends.discord.text import CONTENT_MAX, shown
from bot.frontends.telegram.text import TEXT, fit, plain, units
from bot.handlers.answer import Answer, CancelChoice, PictureFiles
from bot.locales import LOCALES
from bot.replies.answers import words
from bot.replies.replies import Replies
from tests.bot.kit.answers import ANSWERS, JOB, SILENT


def test_the_examples_are_one_of_every_answer() -> None:
    assert {type(answer) for answer in ANSWERS} == set(get_args(Answer))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_every_answer_has_words_that_every_platform_takes(answer: Answer, locale: str) -> None:
    replies = Replies(locale)
    console, discord = words(answer, replies), shown(words(answer, replies, dashes=False))
    telegram = plain(fit(words(answer, replies, limit=TEXT), TEXT))
    silent = isinstance(answer, SILENT) or (isinstance(answer, PictureFiles) and bool(answer.pngs))
    assert [bool(text) for text in (console, discord, telegram)] == [not silent] * 3
    assert len(discord) <= CONTENT_MAX
    assert units(telegram) <= TEXT


@pytest.mark.parametrize("locale", LOCALES)
def test_the_question_which_job_names_the_jobs_and_fits(locale: str) -> None:
    text = words(CancelChoice((JOB,) * 200), Replies(locale))
    assert "ab12cd34: a deer" in text
    assert "/cancel all" in text
    assert units(text) <= 2000
