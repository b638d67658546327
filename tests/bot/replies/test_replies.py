"""What members read, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.buttons import Button
from bot.commands.parsing import parse
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, command_table
from bot.errors import Refused
from bot.jobs.job import DRAWING_BEGUN, Job, Picture, Progress, State
from bot.locales import LOCALES
from bot.members.limits import Quota
from bot.members.origin import Origin
from bot.replies.catalogues import duration
from bot.replies.replies import Catalogues, Replies, explain
from bot.replies.text_length import length, shortened
from bot.styles.bindings import Binding
from bot.styles.choosing import Change, Listing
from bot.styles.style import ResolvedStyle
from engine.protocol import AdapterInfo, AdapterUse
from tests.bot.kit.adapters import adapter
from tests.bot.kit.pictures import picture

KANCIL = AdapterUse(name="kancil", weight=0.7)
ENGLISH, INDONESIAN = Replies("en"), Replies("id")


def job(state: State = State.ACCEPTED, reason: str = "", **request: str) -> Job:
    origin = Origin("console", "here", "ani", "en", {})
    asked = DrawRequest("kancil", **{"prompt": "a deer", **request})  # type: ignore[arg-type]
    return Job("ab12cd34", origin, asked, 777, ResolvedStyle("kancil", 0.7, "{prompt}"), state, 0.0, reason)


def pictures(count: int = 1) -> list[Picture]:
    return [picture(seed=777 + index, adapters=[KANCIL]) for index in range(count)]


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        *(("id", "id"), ("id-ID", "id"), ("in", "id"), ("ms-MY", "id")),
        *(("en-US", "en"), ("EN_gb", "en"), ("fr", "id"), ("", "id"), (None, "id")),
    ],
)
def test_the_nearest_language_answers(tag: str | None, locale: str) -> None:
    assert Catalogues("id").for_locale(tag).locale == locale


def test_a_refusal_is_explained_in_the_members_language() -> None:
    refused = Refused("too-many-pictures", n=1, cost=4, seconds=100)
    assert ENGLISH.explain(refused).endswith("or come back in 2 minutes.")
    assert INDONESIAN.explain(refused).endswith("atau kembali 2 menit lagi.")
    assert explain(refused, "id") == INDONESIAN.explain(refused)


def test_numbers_are_written_as_the_language_does() -> None:
    refused = Refused("out-of-range", option="cfg", value=30.5, minimum=1, maximum=30)
    assert "30.5" in ENGLISH.explain(refused)
    assert "30,5" in INDONESIAN.explain(refused)


def test_a_mistyped_name_gets_a_suggestion_and_an_unlike_one_only_the_list() -> None:
    for typed, suggested in (("/kncil x", True), ("/xyzzy x", False)):
        with pytest.raises(Refused) as refused:
            parse(typed, BUILT_IN)
        text = ENGLISH.explain(refused.value)
        assert "/kancil, /retro" in text
        assert text.endswith("Did you mean /kancil?") is suggested


def test_a_missing_prompt_is_answered_with_an_example_of_that_style() -> None:
    for style in BUILT_IN.styles:
        text = INDONESIAN.explain(Refused("missing-prompt", command=f"/{style.name}"))
        assert parse(text[text.index("/") :], BUILT_IN).path == (style.name,)


@pytest.mark.parametrize("replies", [ENGLISH, INDONESIAN])
def test_an_unknown_reason_is_an_apology_and_never_a_key(replies: Replies) -> None:
    assert replies.explain(Refused("no-such-reason")) == replies.say("internal")
    assert "no-such-reason" not in replies.ended(job(State.FAILED, "no-such-reason"))


@pytest.mark.parametrize("replies", [ENGLISH, INDONESIAN])
@pytest.mark.parametrize("dashes", [True, False])
def test_the_help_names_every_command_and_option_and_fits_a_message(replies: Replies, dashes: bool) -> None:
    text = replies.help(BUILT_IN, dashes=dashes)
    assert length(text) < 2000
    for command in BUILT_IN:
        assert f"/{command.name}" in text
        assert replies.table(command.help) in text
    assert ("--seed" in text) is dashes


@pytest.mark.parametrize("replies", [ENGLISH, INDONESIAN])
def test_the_help_names_as_many_further_styles_as_fit(replies: Replies) -> None:
    few = replies.help(command_table({"batik": "Wax and dye"}))
    assert "/batik: Wax and dye\n" in few
    many = replies.help(command_table({f"s{number}": "🦌" * 50 for number in range(50)}))
    assert 1800 < length(many) <= 2000
    assert f"\n{replies.say('more', n=50 - many.count('🦌' * 50))}\n" in many


def test_a_further_style_has_an_example_too() -> None:
    assert ENGLISH.explain(Refused("missing-prompt", command="/batik")).endswith("/batik a red fox in the snow")


@pytest.mark.parametrize("replies", [ENGLISH, INDONESIAN])
def test_the_examples_of_the_help_are_commands(replies: Replies) -> None:
    examples = [line for line in replies.help(BUILT_IN).splitlines()[1:] if line.startswith("/")][:4]
    assert [parse(line, BUILT_IN).path[0] for line in examples] == ["kancil", "retro", "landscape", "draw"]


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(State.QUEUED), "Waiting for the painter."),
        (Progress(State.QUEUED, position=1), "Waiting: 1 request ahead of you."),
        (Progress(State.QUEUED, position=2, eta=75), "Waiting: 2 requests ahead of you, about 75 seconds."),
        (
            Progress(State.QUEUED, engine_away=True),
            "The drawing engine is being restarted. Your picture waits for it; you need not ask again.",
        ),
        (Progress(State.DRAWING), "Drawing."),
        (Progress(State.DRAWING, step=3, steps=25), "Drawing: step 3 of 25."),
        (Progress(State.DRAWING, step=3, steps=25, eta=0.4), "Drawing: step 3 of 25, about 1 second left."),
    ],
)
def test_progress_tells_what_is_known(progress: Progress, text: str) -> None:
    assert ENGLISH.progress(job(), progress) == text
    assert INDONESIAN.progress(job(), progress) != text


def test_a_caption_has_the_prompt_and_the_parameters_really_used() -> None:
    assert ENGLISH.caption(job(), pictures()) == (
        "“a deer”\n/kancil · seed 777 · CFG 7.5 · 25 steps · DPM++ 2M · 512x512 · adapter kancil · job ab12cd34"
    )
    once = [replace(pictures()[0], used=pictures()[0].used.model_copy(update={"steps": 1}))]
    assert " · 1 step · " in ENGLISH.caption(job(), once)
    assert "seed 777-780" in ENGLISH.caption(job(), pictures(4))
    assert "CFG 7,5" in INDONESIAN.caption(job(), pictures())
    assert "without: snow" in ENGLISH.caption(job(negative="snow"), pictures())


@pytest.mark.parametrize("limit", [150, 500, 1024])
@pytest.mark.parametrize("prompt", ["deer " * 190, "🦌" * 900, "a deer"])
def test_a_caption_fits_the_platform_and_keeps_its_parameters(prompt: str, limit: int) -> None:
    text = ENGLISH.caption(job(prompt=prompt.strip(), negative="snow " * 150), pictures(), limit)
    assert length(text) <= limit
    assert text.startswith(f"“{prompt[0]}")
    assert text.endswith("512x512 · adapter kancil · job ab12cd34")


def test_a_shortened_text_never_ends_in_half_a_character() -> None:
    assert [shortened("🦌🦌", limit) for limit in (1, 2, 3, 4)] == ["…", "…", "🦌…", "🦌🦌"]


def test_a_caption_says_what_the_model_drew_and_what_was_made_of_it() -> None:
    enlarged = [picture(drawn_size="128x128", size="512x512")]
    assert " · drawn 128x128, enlarged to 512x512 · " in ENGLISH.caption(job(), enlarged)
    assert " · digambar 128x128, diperbesar ke 512x512 · " in INDONESIAN.caption(job(), enlarged)


def test_a_prompt_that_names_an_adapter_is_not_taken_for_one_that_drew() -> None:
    text = ENGLISH.caption(job(prompt="<lora:kancil:1>"), [picture(prompt="<lora:kancil:1>")])
    assert "adapter kancil" not in text
    assert text.endswith("512x512 · the base model alone · job ab12cd34")


@pytest.mark.parametrize("limit", [150, 1024])
def test_a_caption_says_that_the_adapter_could_not_be_used(limit: int) -> None:
    fallen = replace(job(prompt="deer " * 190), fallback="epsilon, not v_prediction")
    english, indonesian = (replies.caption(fallen, [picture()], limit) for replies in (ENGLISH, INDONESIAN))
    assert "\nThe adapter kancil could not be used, so the base model drew this.\n/kancil · seed 777" in english
    assert "\nAdapter kancil tidak bisa dipakai, jadi gambar ini dibuat oleh model dasar.\n/kancil" in indonesian
    assert "v_prediction" not in english + indonesian


def test_a_caption_names_the_words_that_the_model_did_not_read() -> None:
    drawn = [picture(prompt_left_out="and a very long tail of words " * 9, negative_left_out="lowres")]
    english, indonesian = (replies.caption(job(), drawn) for replies in (ENGLISH, INDONESIAN))
    assert "\nToo long for the model, so it did not read “and a very long tail of words" in english
    assert "\nKepanjangan buat modelnya, jadi “and a very long" in indonesian
    assert len(english) < 300


def test_the_end_of_a_job_is_told() -> None:
    assert ENGLISH.ended(job(State.CANCELLED)).startswith("Job ab12cd34 is cancelled. Nothing was taken")
    assert ENGLISH.ended(job(State.CANCELLED, DRAWING_BEGUN)).endswith("so it counts as 1 picture.")
    failed = ENGLISH.ended(job(State.FAILED, "engine-away"))
    assert failed.startswith("Job ab12cd34 failed. The drawing engine does not answer")
    assert failed.endswith("Nothing was taken from your allowance.")


def test_cancel_is_answered_with_what_was_stopped() -> None:
    assert ENGLISH.stopped([job()]) == "Cancelled: ab12cd34. Nothing was taken from your allowance."
    begun = job(State.CANCELLED, DRAWING_BEGUN)
    assert ENGLISH.stopped([begun, job(), begun]) == (
        "Cancelled 3 jobs: ab12cd34, ab12cd34, ab12cd34. The drawing had begun, so it counts as 2 pictures."
    )


def test_the_quota_tells_when_it_is_full_again() -> None:
    assert ENGLISH.quota(Quota(1, 12, 60, 660)) == (
        "You can draw 1 picture now, of at most 12. 60 more come every hour. Full again in 11 minutes."
    )
    assert "lagi" not in INDONESIAN.quota(Quota(12, 12, 60, 0))


def test_the_list_of_adapters_says_what_draws_each_style_and_what_does_not_fit() -> None:
    adapters = (adapter("kancil"), adapter("sketch", usable=False, base_model="sd-2-1"))
    bindings = (
        Binding("kancil", "kancil", False),
        Binding("retro", "sketch", True),
        Binding("landscape", None, True),
    )
    assert ENGLISH.adapter_list(Listing(adapters, bindings)).splitlines() == [
        "/kancil is drawn with kancil",
        "/retro is drawn by the base model alone: sketch cannot be used with it",
        "/landscape is drawn with the base model alone (chosen here)",
        "",
        "kancil: Kancil (lora)",
        "sketch, not usable here: another model",
    ]
    assert "no adapters" in ENGLISH.adapter_list(Listing((), bindings))


@pytest.mark.parametrize("count", [1, 50, 500])
def test_any_number_of_adapters_fits_a_message(count: int) -> None:
    listing = Listing(tuple(adapter(f"adapter-{index}") for index in range(count)), (Binding("kancil", None, False),))
    text = ENGLISH.adapter_list(listing)
    assert len(text) <= 2000
    shown = sum(line.startswith("adapter-") for line in text.splitlines())
    assert text.endswith(f"and {count - shown} more") is (shown < count)


def test_an_adapter_is_described() -> None:
    assert ENGLISH.adapter_info(adapter("kancil")).splitlines() == [
        "kancil: Kancil",
        "kind: lora",
        "base model: nano",
        "trigger words: -",
        f"SHA-256: {'0' * 64}",
    ]
    assert ENGLISH.adapter_info(adapter("kancil", usable=False)).endswith("cannot be used here: another model.")
    broken = AdapterInfo(name="torn", usable=False, reason="truncated")
    assert ENGLISH.adapter_info(broken) == "Adapter torn cannot be used here: truncated."


def test_a_change_names_what_draws_from_now_on() -> None:
    assert "with batik, no longer with kancil" in ENGLISH.adapter_used(Change("kancil", "kancil", "batik", False))
    assert "with the base model alone" in ENGLISH.adapter_used(Change("kancil", "batik", None, False))
    assert "already" in ENGLISH.adapter_used(Change("kancil", "batik", "batik", False))
    assert "own adapter again: kancil" in ENGLISH.adapter_used(Change("kancil", "batik", "kancil", True))


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_have_short_words(locale: str) -> None:
    words = [Replies(locale).button(name) for name in Button]
    assert len(set(words)) == len(words)
    assert all(0 < len(word) <= 20 for word in words)


@pytest.mark.parametrize(
    ("seconds", "english", "indonesian"),
    [
        (0, "1 second", "1 detik"),
        (89.2, "90 seconds", "90 detik"),
        (91, "2 minutes", "2 menit"),
        (3600, "60 minutes", "60 menit"),
        (5401, "2 hours", "2 jam"),
        (90_001, "26 hours", "26 jam"),
    ],
)
def test_durations_are_rounded_up(seconds: float, english: str, indonesian: str) -> None:
    assert (duration(seconds, "en"), duration(seconds, "id")) == (english, indonesian)
