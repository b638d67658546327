"""What a member sees of a job while it is drawn, and what becomes of its message."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.jobs.job import Progress, State
from tests.bot.frontends.telegram.reading import pictures
from tests.bot.frontends.telegram.room import Room
from tests.bot.kit.pictures import picture, png

PARTIAL, WHOLE = png(1, "partial"), picture(png(2, "whole"), seed=777)


def drawing(step: int, preview: bytes | None = None) -> Progress:
    return Progress(State.DRAWING, step=step, steps=20, preview=preview)


async def test_the_partial_picture_takes_the_place_of_the_words(room: Room) -> None:
    await room.courier.open(room.job)
    await room.tell(Progress(State.QUEUED, position=3, eta=20.0))
    assert "3 requests ahead" in room.message.text
    await room.tell(drawing(5, PARTIAL))
    assert room.message.file is not None
    assert "step 5 of 20" in room.message.text
    await room.tell(drawing(10))
    assert room.message.file.content == PARTIAL
    assert "step 10 of 20" in room.message.text
    assert [button["text"] for button in room.message.buttons] == ["Cancel"]
    reference = await room.courier.deliver(room.job, [WHOLE])
    assert room.message.file.content == WHOLE.png
    assert reference == str(room.message.id)


async def test_the_chat_shows_that_a_picture_is_on_its_way(room: Room) -> None:
    await room.courier.open(room.job)
    await room.tell(Progress(State.QUEUED, position=3))
    assert room.telegram.called("sendChatAction") == []
    for step in range(4):
        await room.tell(drawing(step))
    assert [call.given["action"] for call in room.telegram.called("sendChatAction")] == ["upload_photo"]


async def test_only_telling_positions_are_shown(room: Room) -> None:
    await room.courier.open(room.job)
    for position in range(30, 0, -1):
        await room.tell(Progress(State.QUEUED, position=position))
    assert room.message.edits == 15
    for step in range(20):
        await room.tell(drawing(step))
    assert room.message.edits == 15 + 4


async def test_what_comes_too_fast_is_dropped_but_for_the_newest_picture(room: Room) -> None:
    await room.courier.open(room.job)
    await room.courier.progress(room.job, drawing(5, b"an older one"))
    await room.courier.progress(room.job, drawing(6, PARTIAL))
    assert room.message.edits == 0
    await room.tell(drawing(7))
    assert room.message.edits == 1
    assert [message.file and message.file.content for message in pictures(room.chat)] == [PARTIAL]


async def test_a_message_that_was_deleted_is_posted_afresh_when_there_is_more_to_tell(room: Room) -> None:
    await room.courier.open(room.job)
    room.message.deleted = True
    await room.tell(Progress(State.QUEUED, position=3))
    await room.tell(Progress(State.QUEUED, position=2))
    assert "2 requests ahead" in room.message.text


async def test_progress_is_a_courtesy_that_never_fails(room: Room) -> None:
    await room.courier.open(room.job)
    room.chat.closed = True
    await room.tell(drawing(5, PARTIAL))
    await room.courier.inform(replace(room.job, state=State.FAILED, reason="drawing-failed"))
    assert room.message.edits == 0


async def test_an_end_without_a_picture_is_told_under_the_partial_one(room: Room) -> None:
    await room.courier.open(room.job)
    await room.tell(drawing(5, PARTIAL))
    await room.courier.inform(replace(room.job, state=State.FAILED, reason="drawing-failed"))
    assert "could not be drawn" in room.message.text
    assert [button["text"] for button in room.message.buttons] == ["Again", "Delete"]


@pytest.mark.parametrize("recorded", [True, False])
async def test_after_a_restart_the_same_message_goes_on(room: Room, recorded: bool) -> None:
    await room.courier.open(room.job)
    await room.tell(drawing(5, PARTIAL))
    if not recorded:
        async with room.app.database.transaction() as connection:
            await connection.execute("UPDATE telegram_cards SET media = 0")
    async with Room(room.app, room.telegram, room.chat, room.job) as later:
        await later.tell(drawing(10))
        await later.tell(drawing(15))
        assert "step 15 of 20" in room.message.text
        await later.courier.inform(replace(room.job, state=State.CANCELLED))
    assert "cancelled" in room.message.text


async def test_a_cancelled_job_keeps_no_half_drawn_picture(room: Room) -> None:
    await room.courier.open(room.job)
    await room.tell(drawing(5, PARTIAL))
    await room.courier.inform(replace(room.job, state=State.CANCELLED))
    assert room.message.file is None
    assert "cancelled" in room.message.text


async def test_a_picture_that_took_long_comes_in_a_new_message(room: Room) -> None:
    job = replace(room.job, created_at=time.time() - 60)
    await room.courier.open(job)
    first = room.message
    room.now += 10
    await room.courier.deliver(job, [WHOLE])
    assert room.message is not first
    assert room.message.file is not None
    assert room.message.reply_to == first.reply_to


@pytest.mark.parametrize("after", [True, False])
async def test_a_new_message_whose_answer_is_lost_is_in_the_chat_once(room: Room, after: bool) -> None:
    job = replace(room.job, created_at=time.time() - 60)
    await room.courier.open(job)
    room.now += 10
    room.telegram.fail("sendPhoto", 0, after=after)
    await room.courier.deliver(job, [WHOLE])
    assert room.message.file is not None


async def test_a_busy_chat_gets_a_late_picture_in_the_same_message(room: Room) -> None:
    job = replace(room.job, created_at=time.time() - 60)
    await room.courier.open(job)
    first = room.message
    await room.courier.deliver(job, [WHOLE])
    assert room.message is first
    assert room.message.file is not None
