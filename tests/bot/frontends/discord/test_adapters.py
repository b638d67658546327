"""``/adapter`` is for moderators, whatever a server lets others see."""

from __future__ import annotations

from typing import Any

import pytest

from bot.app import Application
from tests.bot.frontends.discord.looks import Start, drawn, told
from tests.bot.kit.adapters import adapter
from tests.bot.kit.engine import ScriptedEngine
from tests.discord_server import DM, MEMBER, MODERATOR, LocalDiscord, Person, Typed
from tests.discord_server.world import EVERYBODY

BY_MODERATOR = Typed(MODERATOR)
ADMINISTRATOR = Typed(Person(MODERATOR.id, "dewi", EVERYBODY | 1 << 3))


async def test_a_moderator_changes_what_the_next_request_is_drawn_with(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    await drawn(discord, "kancil")
    assert "batik" in await told(discord, "adapter use", BY_MODERATOR, style="kancil", adapter="batik")
    await drawn(discord, "kancil")
    assert [[use.name for use in request.adapters] for request in engine.requests] == [["kancil"], ["batik"]]


async def test_the_choice_holds_where_it_was_made(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine
) -> None:
    await told(discord, "adapter use", BY_MODERATOR, style="kancil", adapter="batik")
    await drawn(discord, "kancil", Typed(at=DM))
    assert [use.name for use in engine.requests[0].adapters] == ["kancil"]


@pytest.mark.parametrize(
    ("path", "values"),
    [("list", {}), ("info", {"adapter": "batik"}), ("use", {"style": "kancil", "adapter": "batik"})],
)
async def test_members_are_refused_even_where_the_server_shows_them_the_command(
    discord: LocalDiscord, bot: Application, engine: ScriptedEngine, path: str, values: dict[str, Any]
) -> None:
    assert "Only moderators" in await told(discord, f"adapter {path}", **values)
    await drawn(discord, "kancil")
    assert [use.name for use in engine.requests[0].adapters] == ["kancil"]


async def test_who_is_no_longer_a_moderator_is_refused(discord: LocalDiscord, bot: Application) -> None:
    assert "batik" in await told(discord, "adapter list", ADMINISTRATOR)
    demoted = Typed(Person(MODERATOR.id, "dewi", EVERYBODY))
    assert "Only moderators" in await told(discord, "adapter list", demoted)


async def test_a_private_chat_belongs_to_its_member(discord: LocalDiscord, bot: Application) -> None:
    assert "batik" in await told(discord, "adapter info", Typed(MEMBER, DM), adapter="batik")


async def test_an_unknown_adapter_is_answered_with_a_suggestion(discord: LocalDiscord, bot: Application) -> None:
    assert "Did you mean batik?" in await told(discord, "adapter info", BY_MODERATOR, adapter="batic")


async def completed(discord: LocalDiscord, typed: Typed, part: str) -> list[str]:
    values = {"style": "kancil", "adapter": part}
    asked = await discord.complete("adapter use", "adapter", values, typed)
    await discord.until(lambda: asked.response)
    assert asked.response is not None
    return [choice["value"] for choice in asked.response["data"]["choices"]]


async def test_more_adapters_than_discord_lists_are_found_while_typing(
    discord: LocalDiscord, start: Start, engine: ScriptedEngine
) -> None:
    engine.adapters = [adapter(f"style-{number:03}") for number in range(300)] + [adapter("batik")]
    async with start():
        assert len(await completed(discord, BY_MODERATOR, "")) == 25
        assert await completed(discord, BY_MODERATOR, "STYLE-29") == [f"style-29{digit}" for digit in range(10)]
        assert await completed(discord, BY_MODERATOR, "bat") == ["batik"]
        assert await completed(discord, BY_MODERATOR, "battik") == ["batik"]
        assert await completed(discord, Typed(MEMBER), "bat") == []
        assert "and " in await told(discord, "adapter list", BY_MODERATOR)
