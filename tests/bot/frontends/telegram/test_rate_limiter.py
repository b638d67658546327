"""The rate_limiter, on a clock of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from bot.frontends.telegram.rate_limiter import ChatRateLimiter, Priority, TooSoon

PRIVATE, OTHER, GROUP = 7, 8, -7


class Chats:
    """Requests through a rate limiter; ``at`` says when each one went out. ``answers`` are raised in turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at: list[float] = []
        self.answers: list[TelegramError] = []
        self.rate_limiter = ChatRateLimiter(lambda: self.now, self.sleep)
        self.gate = asyncio.Event()
        self.gate.set()

    async def sleep(self, seconds: float) -> None:
        await self.gate.wait()
        self.now += seconds

    async def request(self) -> bool:
        self.at.append(self.now)
        if self.answers:
            raise self.answers.pop(0)
        return True

    async def send(
        self, chat: int, urgency: Priority | None = None, endpoint: str = "sendMessage", **data: Any
    ) -> None:
        await self.rate_limiter.process_request(self.request, (), {}, endpoint, {"chat_id": chat, **data}, urgency)

    async def offer(self, chat: int) -> bool:
        """Whether a courtesy went out."""
        try:
            await self.send(chat, "optional")
        except TooSoon:
            return False
        return True


@pytest.fixture
def chats() -> Chats:
    return Chats()


async def test_a_chat_gets_a_short_burst_and_then_one_message_a_second(chats: Chats) -> None:
    for _ in range(9):
        await chats.send(PRIVATE)
    assert chats.at == [0, 0, 0, 3, 3, 3, 6, 6, 6]


async def test_a_group_gets_twenty_messages_a_minute(chats: Chats) -> None:
    for _ in range(21):
        await chats.send(GROUP)
    assert chats.at[19] < 60
    assert chats.at[20] == 60


async def test_all_chats_together_get_thirty_messages_a_second(chats: Chats) -> None:
    for chat in range(1, 62):
        await chats.send(chat)
    assert [chats.at.count(second) for second in (0, 1, 2)] == [30, 30, 1]


async def test_a_group_of_pictures_counts_as_its_pictures(chats: Chats) -> None:
    await chats.send(PRIVATE, endpoint="sendMediaGroup", media=[1, 2, 3, 4])
    await chats.send(PRIVATE)
    assert chats.at == [0, 3]


async def test_a_courtesy_is_dropped_rather_than_kept_waiting(chats: Chats) -> None:
    assert await chats.offer(PRIVATE)
    chats.now = 0.9
    assert not await chats.offer(PRIVATE)
    assert await chats.offer(OTHER)
    chats.now = 1.0
    assert await chats.offer(PRIVATE)


async def test_courtesies_leave_half_of_a_groups_minute_to_pictures(chats: Chats) -> None:
    shown = 0
    for second in range(40):
        chats.now = float(second)
        shown += await chats.offer(GROUP)
    assert shown == 10
    await chats.send(GROUP)
    assert chats.at[-1] == 39


async def test_whoever_must_wait_holds_up_nobody_else(chats: Chats) -> None:
    chats.answers = [RetryAfter(30)]
    assert not await chats.offer(PRIVATE)
    await chats.send(OTHER)
    assert not await chats.offer(PRIVATE)
    await chats.send(PRIVATE)
    assert chats.at == [0, 0, 30]


async def test_a_message_that_must_arrive_waits_as_long_as_telegram_says(chats: Chats) -> None:
    chats.answers = [RetryAfter(30), RetryAfter(300)]
    await chats.send(PRIVATE)
    assert chats.at == [0, 30, 330]


async def test_what_the_network_fails_is_repeated_with_growing_pauses(chats: Chats) -> None:
    chats.answers = [NetworkError("Bad Gateway")] * 4
    await chats.send(PRIVATE, endpoint="getChatMember")
    assert chats.at == [0, 1, 3, 7, 15]


async def test_a_refusal_is_not_repeated(chats: Chats) -> None:
    chats.answers = [BadRequest("chat not found")]
    with pytest.raises(BadRequest):
        await chats.send(PRIVATE)
    assert chats.at == [0]


async def test_a_message_is_given_up_after_an_hour_of_failures(chats: Chats) -> None:
    chats.answers = [NetworkError("Bad Gateway")] * 1000
    with pytest.raises(NetworkError):
        await chats.send(PRIVATE)
    assert 3600 < chats.at[-1] < 3700


async def test_what_is_instant_neither_waits_nor_is_repeated(chats: Chats) -> None:
    for _ in range(9):
        await chats.send(PRIVATE, "instant")
    chats.answers = [RetryAfter(5)]
    with pytest.raises(RetryAfter):
        await chats.send(PRIVATE, "instant")
    assert set(chats.at) == {0}


async def test_nobody_can_fill_a_chat_with_questions(chats: Chats) -> None:
    chats.answers = [RetryAfter(30)]
    chats.gate.clear()
    asked = [asyncio.create_task(chats.send(PRIVATE, "answer")) for _ in range(9)]
    await asyncio.wait(asked[5:])
    picture = asyncio.create_task(chats.send(PRIVATE))
    chats.gate.set()
    answered = await asyncio.gather(*asked, picture, return_exceptions=True)
    assert [type(error) for error in answered if error] == [TooSoon] * 4
    assert len(chats.at) == 1 + 5 + 1
