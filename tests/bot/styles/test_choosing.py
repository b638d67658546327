"""``/adapter``: what is valid, where it counts, and what is written down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.app import Application
from bot.errors import Refused
from bot.members.origin import Origin
from bot.styles.bindings import Binding
from bot.styles.choosing import Change
from tests.bot.kit.adapters import adapter
from tests.bot.kit.engine import ScriptedEngine


async def refusal(app: Application, origin: Origin, style: str, name: str) -> Refused:
    with pytest.raises(Refused) as refused:
        await app.adapter_choice.use(origin, style, name)
    return refused.value


async def test_a_choice_counts_in_its_place_alone(app: Application, origin: Origin) -> None:
    assert await app.adapter_choice.use(origin, "kancil", " Batik ") == Change("kancil", "kancil", "batik", False)
    assert (await app.styles.resolve("console", "here", "kancil")).adapter == "batik"
    assert (await app.styles.resolve("console", "here", "retro")).adapter == "retro"
    assert (await app.styles.resolve("console", "elsewhere", "kancil")).adapter == "kancil"
    assert (await app.styles.resolve("discord", "here", "kancil")).adapter == "kancil"


async def test_none_is_the_base_model_and_default_the_built_in_adapter(app: Application, origin: Origin) -> None:
    await app.adapter_choice.use(origin, "retro", "none")
    listing = await app.adapter_choice.list(origin)
    assert Binding("retro", None, True) in listing.bindings
    assert Binding("kancil", "kancil", False) in listing.bindings
    assert [one.style for one in listing.bindings] == ["kancil", "retro", "landscape"]
    assert await app.adapter_choice.use(origin, "retro", "DEFAULT") == Change("retro", None, "retro", True)
    assert (await app.styles.resolve("console", "here", "retro")).adapter == "retro"


async def test_unknown_names_list_the_valid_ones(app: Application, origin: Origin) -> None:
    unknown = await refusal(app, origin, "kancil", "battik")
    assert (unknown.reason, unknown.values["suggestion"]) == ("unknown-adapter", "batik")
    assert unknown.values["valid"] == ("default", "none", "kancil", "retro", "landscape", "batik")
    style = await refusal(app, origin, "kancill", "batik")
    assert (style.reason, style.values["suggestion"]) == ("unknown-style", "kancil")
    assert (await refusal(app, origin, "draw", "batik")).reason == "unknown-style"


async def test_an_adapter_for_another_model_cannot_be_chosen(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    scripted.adapters.append(adapter("sketch", usable=False, base_model="sd-2-1"))
    refused = await refusal(app, origin, "kancil", "sketch")
    assert (refused.reason, refused.values) == ("adapter-not-usable", {"name": "sketch", "why": "another model"})
    assert (await app.adapter_choice.info("sketch")).base_model == "sd-2-1"


async def test_an_engine_that_is_away_is_said_but_the_default_can_be_restored(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    await scripted.stop()
    assert (await refusal(app, origin, "kancil", "batik")).reason == "engine-away"
    assert (await app.adapter_choice.use(origin, "kancil", "default")).to_default
    assert await app.adapter_choice.names() == ()


async def test_names_for_completion_outlive_the_engine(app: Application, scripted: ScriptedEngine) -> None:
    scripted.adapters.append(adapter("sketch", usable=False))
    before = await app.adapter_choice.names()
    assert before == ("kancil", "retro", "landscape", "batik")
    await scripted.stop()
    assert await app.adapter_choice.names() == before


async def test_every_change_is_audited(app: Application, origin: Origin) -> None:
    moderator = replace(origin, user="citra")
    await app.adapter_choice.use(origin, "kancil", "batik")
    await app.adapter_choice.use(moderator, "kancil", "none")
    await app.adapter_choice.use(origin, "kancil", "default")
    await refusal(app, origin, "kancil", "nothing")
    rows = await app.database.rows("SELECT * FROM audit ORDER BY id")
    assert [(row["place"], row["user"], row["style"], row["old"], row["new"]) for row in rows] == [
        ("here", "ani", "kancil", "default", "batik"),
        ("here", "citra", "kancil", "batik", "none"),
        ("here", "ani", "kancil", "none", "default"),
    ]


async def test_choices_follow_a_place_that_gets_a_new_id(app: Application, origin: Origin) -> None:
    await app.adapter_choice.use(origin, "kancil", "batik")
    await app.styles.move_place("console", "here", "there")
    assert (await app.styles.resolve("console", "there", "kancil")).adapter == "batik"
    assert (await app.styles.resolve("console", "here", "kancil")).adapter == "kancil"
