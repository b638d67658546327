"""Values that another release wrote."""

from __future__ import annotations

import pytest

from bot.commands.request import DrawRequest
from bot.frontends.discord.address import Address as DiscordAddress
from bot.frontends.telegram.address import Address as TelegramAddress
from bot.storage.stored import revive


def test_fields_of_a_later_release_are_left_out_and_missing_ones_have_defaults() -> None:
    assert revive(DrawRequest, {"style": "draw", "prompt": "a fox", "strength": 0.4}) == DrawRequest("draw", "a fox")
    assert TelegramAddress.from_json({"reply_to": 7, "quote": "x"}) == TelegramAddress(reply_to=7)
    assert DiscordAddress.from_json({"channel": 9, "thread": 1}) == DiscordAddress(channel=9)


@pytest.mark.parametrize("address", [TelegramAddress("m:1:2", 2, None), DiscordAddress("token", 1, 2, 3)])
def test_an_address_comes_back_as_it_was_written(address: TelegramAddress | DiscordAddress) -> None:
    assert type(address).from_json(address.to_json()) == address


def test_what_cannot_be_done_without_is_asked_for() -> None:
    with pytest.raises(TypeError, match="prompt"):
        revive(DrawRequest, {"style": "draw"})
