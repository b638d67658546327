"""When requests to Telegram go out, on a clock of its own."""

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
        """Whether an optional message went out."""
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


async def test_an_optional_message_is_dropped_rather_than_kept_waiting(chats: Chats) -> None:
    assert await chats.offer(PRIVATE)
    chats.now = 0.9
    assert not await chats.offer(PRIVATE)
    assert await chats.offer(OTHER)
    chats.now = 1.0
    assert await chats.offer(PRIVATE)


async def test_optional_messages_leave_half_of_a_groups_minute_to_pictures(chats: Chats) -> None:
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


async def test_edits_do_not_count_towards_a_groups_minute(chats: Chats) -> None:
    for _ in range(30):
        await chats.send(GROUP, endpoint="editMessageMedia")
    assert chats.at[-1] == 27
    await chats.send(GROUP)
    assert chats.at[-1] == 30


async def test_a_picture_goes_before_the_answers_that_came_earlier(chats: Chats) -> None:
    chats.gate.clear()
    chats.answers = [RetryAfter(30)]
    order: list[str] = []

    async def send(name: str, urgency: Priority | None) -> None:
        await chats.send(GROUP, urgency)
        order.append(name)

    first = asyncio.create_task(send("first", None))
    await asyncio.sleep(0)
    others = [asyncio.create_task(send(f"answer {number}", "answer")) for number in range(3)]
    await asyncio.sleep(0)
    picture = asyncio.create_task(send("picture", None))
    await asyncio.sleep(0)
    chats.gate.set()
    await asyncio.gather(first, picture, *others)
    assert order == ["first", "picture", "answer 0", "answer 1", "answer 2"]


async def test_questions_use_half_of_a_groups_minute_at_most(chats: Chats) -> None:
    for _ in range(11):
        await chats.send(GROUP, "answer")
    assert chats.at[9] < 60 <= chats.at[10]
    chats.now = chats.at[9] + 1
    await chats.send(GROUP)
    assert chats.at[-1] < 60


async def test_an_edit_does_not_wait_for_a_message_that_the_minute_has_no_room_for(chats: Chats) -> None:
    for _ in range(20):
        await chats.send(GROUP)
    full = chats.at[-1]
    chats.gate.clear()
    message = asyncio.create_task(chats.send(GROUP))
    await asyncio.sleep(0)
    chats.now = full + 3
    await chats.send(GROUP, endpoint="editMessageMedia")
    assert chats.at[-1] == full + 3
    chats.gate.set()
    await message
    assert chats.at[-1] >= 60
