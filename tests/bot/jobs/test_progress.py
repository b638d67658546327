"""Where a job stands: never backwards, only what is worth an edit, the newest first."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from bot.commands.request import DrawRequest
from bot.jobs import progress as module
from bot.jobs.job import Job, Progress, State
from bot.jobs.progress import LatestProgress, ProgressReporter, Shown, following, worth_telling
from bot.members.origin import Origin
from bot.styles.style import ResolvedStyle
from tests.bot.kit.courier import Recorder

JOB = Job(
    "0k3v9zzz",
    Origin("console", "here", "ani", "en", {}),
    DrawRequest("draw", "a fox"),
    777,
    ResolvedStyle(None, 1.0, "{prompt}"),
    State.DRAWING,
    0.0,
)


def drawing(step: int, preview: bytes | None = None, eta: float | None = None) -> Progress:
    return Progress(State.DRAWING, eta=eta, step=step, steps=40, preview=preview)


def waiting(position: int) -> Progress:
    return Progress(State.QUEUED, position)


def shown_of(reports: list[Progress]) -> list[Progress]:
    """The reports that are worth an edit, one after the other."""
    shown: list[Progress] = []
    for report in reports:
        if worth_telling(shown[-1] if shown else None, report):
            shown.append(report)
    return shown


def test_a_late_partial_picture_sets_nothing_back_and_keeps_the_expected_time() -> None:
    reports = [drawing(9, eta=4.0), drawing(3, b"png"), drawing(10, eta=3.0), drawing(6, b"png")]
    told = list(itertools.accumulate(reports, following))
    assert [(one.step, one.eta) for one in told] == [(9, 4.0), (9, 4.0), (10, 3.0), (10, 3.0)]
    assert [one.preview for one in told] == [None, b"png", None, b"png"]


def test_a_job_that_waits_again_starts_anew() -> None:
    assert following(drawing(9), waiting(2)) == waiting(2)
    assert following(waiting(2), drawing(1)) == drawing(1)


def test_each_quarter_of_the_steps_and_every_picture_is_worth_an_edit() -> None:
    assert [one.step for one in shown_of([drawing(step) for step in range(1, 41)])] == [1, 10, 20, 30, 40]
    assert worth_telling(drawing(1), drawing(2, preview=b"png"))


def test_far_back_in_the_queue_only_some_places_are_worth_an_edit() -> None:
    assert len(shown_of([waiting(position) for position in range(40, 0, -1)])) == 17
    assert worth_telling(waiting(9), waiting(8))
    assert not worth_telling(waiting(20), waiting(19))


def test_an_engine_that_goes_away_is_worth_an_edit() -> None:
    assert worth_telling(Progress(State.QUEUED), Progress(State.QUEUED, engine_away=True))


def test_after_a_quiet_time_any_change_is_worth_an_edit() -> None:
    assert not worth_telling(drawing(11), drawing(12), quiet=14.0)
    assert worth_telling(drawing(11), drawing(12), quiet=15.0)
    assert not worth_telling(drawing(12), drawing(12), quiet=99.0)


async def test_a_courier_is_never_told_less_than_before() -> None:
    courier = Recorder()
    reporter = ProgressReporter(courier)
    reporter.tell(JOB, drawing(9, eta=4.0))
    await courier.until(lambda: len(courier.reports) == 1)
    reporter.tell(JOB, drawing(3, b"png"))
    await courier.until(lambda: len(courier.reports) == 2)
    await reporter.close()
    assert [(one.step, one.eta, one.preview) for one in courier.reports] == [(9, 4.0, None), (9, 4.0, b"png")]


class Message:
    """Remembers its edits; ``answer`` is what becomes of them. ``go_on`` holds one back while it is cleared."""

    def __init__(self) -> None:
        self.shown: list[Progress] = []
        self.at: list[float] = []
        self.answer = Shown.YES
        self.edited = asyncio.Condition()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def edit(self, job: Job, progress: Progress) -> Shown:
        self.shown.append(progress)
        self.at.append(asyncio.get_running_loop().time())
        async with self.edited:
            self.edited.notify_all()
        await self.go_on.wait()
        return self.answer

    async def until(self, happened: Callable[[], bool]) -> None:
        async with self.edited:
            await self.edited.wait_for(happened)


async def test_edits_keep_their_distance_and_the_newest_wins() -> None:
    message = Message()
    latest = LatestProgress(message.edit, gap=0.05)
    for step in range(0, 41, 10):
        latest.show(JOB, drawing(step, preview=b"png" if step == 20 else None))
        await asyncio.sleep(0)
    await message.until(lambda: message.shown[-1].step == 40)
    await latest.end()
    assert [progress.step for progress in message.shown] == [0, 40]
    assert message.shown[-1].preview == b"png"
    assert all(after - before >= 0.05 for before, after in itertools.pairwise(message.at))


async def test_nothing_is_edited_after_the_end() -> None:
    message = Message()
    message.go_on.clear()
    latest = LatestProgress(message.edit, gap=60)
    latest.show(JOB, drawing(1))
    await message.until(lambda: bool(message.shown))
    latest.show(JOB, drawing(20))
    ending = asyncio.create_task(latest.end())
    message.go_on.set()
    await ending
    latest.show(JOB, drawing(40))
    await latest.settled()
    assert [progress.step for progress in message.shown] == [1]


async def test_a_picture_that_found_no_room_is_shown_with_the_next_edit() -> None:
    message = Message()
    latest = LatestProgress(message.edit)
    message.answer = Shown.LATER
    latest.show(JOB, drawing(5, b"png"))
    await latest.settled()
    message.answer = Shown.YES
    latest.show(JOB, drawing(6))
    await latest.settled()
    latest.show(JOB, drawing(7))
    await latest.settled()
    assert [(one.step, one.preview) for one in message.shown] == [(5, b"png"), (6, b"png")]


async def test_a_message_that_takes_no_more_edits_gets_none() -> None:
    message = Message()
    message.answer = Shown.NEVER
    latest = LatestProgress(message.edit)
    for step in (1, 20):
        latest.show(JOB, drawing(step))
        await latest.settled()
    assert len(message.shown) == 1


async def test_a_slow_job_is_edited_again_after_a_quiet_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.0)
    message = Message()
    latest = LatestProgress(message.edit)
    for step in (1, 2):
        latest.show(JOB, drawing(step))
        await latest.settled()
    assert [one.step for one in message.shown] == [1, 2]
