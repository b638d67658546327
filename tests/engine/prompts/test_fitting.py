"""What finds no room in the text encoder: the end of what was typed, never what we add."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from engine.plan import ModelFacts, fitted_plan, make_plan
from engine.prompts.fitting import count_tokens, fit_text
from engine.protocol import GenerationRequest

TOKENIZER: Any = CLIPTokenizer.from_pretrained("engine/nano/weights/tokenizer")
ROOM = 75
NOUNS = " ".join(f"castle{number}" for number in range(48))
SAFETY = "nudity, blood, gore, violence"
FRAMES = ("{prompt}", "{prompt}, retro anime character", f"{SAFETY}, {{prompt}}")


@pytest.mark.parametrize("frame", FRAMES)
def test_what_fits_stays_as_it_is(frame: str) -> None:
    fitted = fit_text(" a red fox ", frame, TOKENIZER)
    assert (fitted.text, fitted.left_out) == (frame.replace("{prompt}", "a red fox"), "")
    assert fitted.tokens == count_tokens(fitted.text, TOKENIZER)


@pytest.mark.parametrize("frame", FRAMES)
def test_of_a_long_text_the_end_goes_and_the_frame_stays(frame: str) -> None:
    fitted = fit_text(NOUNS, frame, TOKENIZER)
    before, after = frame.split("{prompt}")
    assert fitted.text.startswith(before)
    assert fitted.text.endswith(after)
    kept = fitted.text.removeprefix(before).removesuffix(after)
    assert f"{kept} {fitted.left_out}" == NOUNS
    assert ROOM - 3 <= fitted.tokens <= ROOM


def test_one_endless_word_is_cut_inside() -> None:
    fitted = fit_text("x" * 1000, "{prompt}, storybook", TOKENIZER)
    assert fitted.text.endswith("xx, storybook")
    assert fitted.text.count("x") + len(fitted.left_out) == 1000


@given(words=st.text(max_size=600), frame=st.sampled_from(FRAMES))
def test_no_text_is_too_long_and_nothing_is_lost_without_being_named(words: str, frame: str) -> None:
    fitted = fit_text(words, frame, TOKENIZER)
    assert fitted.tokens <= ROOM
    before, after = frame.split("{prompt}")
    kept = fitted.text.removeprefix(before).removesuffix(after)

    def letters(text: str) -> str:
        return "".join(text.split()).replace(",", "")

    assert letters(kept + fitted.left_out) == letters(words)


def test_a_plan_is_fitted_once() -> None:
    request = GenerationRequest(prompt=NOUNS, frame=FRAMES[1], negative_prompt="snow", negative_frame=FRAMES[2])
    once = fitted_plan(make_plan(request, ModelFacts("nano", 128, "v_prediction")), TOKENIZER)
    assert once.negative_prompt == f"{SAFETY}, snow"
    assert once.left_out[0].startswith("castle")
    assert once.left_out[1] == ""
    assert fitted_plan(once, TOKENIZER) == once
