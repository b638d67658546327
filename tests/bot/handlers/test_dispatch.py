"""Every command and button has one handler, and one right that decides who may use it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.app import Application
from bot.commands.buttons import Button
from bot.commands.parsing import parse
from bot.commands.request import DrawRequest
from bot.commands.table import BUILT_IN, Command, CommandTable
from bot.handlers.answer import (
    AdapterListing,
    Answer,
    CancelChoice,
    JobAccepted,
    JobsStopped,
    JobStopping,
    Mistake,
    NothingToCancel,
    PictureFiles,
    QuotaShown,
    Refusal,
    Removed,
)
from bot.handlers.completing import Suggestion, complete
from bot.handlers.dispatch import BUTTONS, COMMANDS, command_handler
from bot.handlers.drawing import draw
from bot.handlers.rights import BUTTON_RIGHTS, RANKS, Rank, command_right
from bot.jobs.job import DRAWING_BEGUN, Job, State
from bot.members.asker import Asker
from bot.members.origin import Origin
from tests.bot.conftest import left
from tests.bot.kit.behaviours import drawing
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine

DEER = DrawRequest("kancil", "a deer", seed=777)


def paths(table: CommandTable = BUILT_IN) -> Iterator[tuple[str, ...]]:
    for command in table:
        yield from ((command.name, sub.name) for sub in command.subcommands)
        if not command.subcommands:
            yield (command.name,)


@pytest.fixture
def asker(origin: Origin) -> Asker:
    return Asker(origin)


@pytest.fixture
def stranger(origin: Origin) -> Asker:
    return Asker(replace(origin, user="budi", locale="id"))


async def typed(app: Application, asker: Asker, text: str) -> Answer:
    return await app.dispatcher.handle(parse(text, app.catalogue.commands), asker)


def reason(answer: Answer) -> str:
    assert isinstance(answer, Refusal)
    return answer.refused.reason


async def test_cancel_reaches_no_job_of_another_place(app: Application, asker: Asker, scripted: ScriptedEngine) -> None:
    scripted.gate.clear()
    accepted = await typed(app, asker, "/kancil a deer")
    assert isinstance(accepted, JobAccepted)
    elsewhere = replace(asker, origin=replace(asker.origin, place="there"))
    assert reason(await typed(app, elsewhere, f"/cancel {accepted.job.id}")) == "unknown-job"
    assert isinstance(await typed(app, asker, f"/cancel {accepted.job.id}"), JobsStopped)


@pytest.mark.parametrize("path", list(paths()), ids=" ".join)
def test_every_command_has_a_handler_and_only_styles_draw(path: tuple[str, ...]) -> None:
    style = path[0] in {command.name for command in BUILT_IN.styles}
    assert (command_handler(path, BUILT_IN) is draw) is style


def test_a_command_that_was_given_no_handler_does_not_draw() -> None:
    table = CommandTable((*BUILT_IN.commands, Command("history", "What you drew")))
    with pytest.raises(KeyError):
        command_handler(("history",), table)


def test_every_handler_belongs_to_a_command() -> None:
    assert set(COMMANDS) == {path for path in paths() if command_handler(path, BUILT_IN) is not draw}


def test_every_button_has_a_handler_and_a_right() -> None:
    assert set(BUTTONS) == set(BUTTON_RIGHTS) == set(Button)


def test_the_table_of_ranks_follows_from_the_declared_rights() -> None:
    rights = {" ".join(path): command_right(path, BUILT_IN) for path in paths()}
    rights |= {f"[{button}]": right for button, right in BUTTON_RIGHTS.items()}
    table = {action: [rank in RANKS[right] for rank in Rank] for action, right in rights.items()}
    everyone, own, moderators = [True, True, True], [False, True, True], [False, False, True]
    assert [rank.value for rank in Rank] == ["member", "author", "moderator"]
    assert table == {
        **dict.fromkeys(("kancil", "retro", "landscape", "draw", "help", "quota", "cancel"), everyone),
        **{f"adapter {name}": moderators for name in ("list", "info", "use")},
        **{"[again]": everyone, "[file]": everyone, "[delete]": own, "[cancel]": own},
    }


async def test_members_are_refused_what_moderators_may(app: Application, asker: Asker) -> None:
    for text in ("/adapter list", "/adapter info batik", "/adapter use kancil batik"):
        assert reason(await typed(app, asker, text)) == "not-moderator"
        assert app.dispatcher.asks_rights(parse(text, app.catalogue.commands).path)
    assert (await app.styles.resolve("console", "here", "kancil")).adapter == "kancil"
    assert isinstance(await typed(app, replace(asker, may_manage=True), "/adapter list"), AdapterListing)


async def test_a_refused_command_and_a_mistake_of_ours_are_answers(
    app: Application, asker: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    invocation = parse("/kancil a deer", app.catalogue.commands)
    assert reason(await app.dispatcher.handle(replace(invocation, path=("kancl",)), asker)) == "unknown-command"
    assert isinstance(await typed(app, asker, "/quota"), QuotaShown)
    monkeypatch.setattr(app.limits, "quota", broken)
    answer = await typed(app, asker, "/quota")
    assert isinstance(answer, Mistake)
    assert answer.number in caplog.text


async def start(app: Application, asker: Asker, text: str = "/kancil a deer --seed 777") -> Job:
    answer = await typed(app, asker, text)
    assert isinstance(answer, JobAccepted)
    return answer.job


async def finished(app: Application, asker: Asker) -> Job:
    return await app.studio.wait((await start(app, asker)).id)


async def test_again_draws_the_same_request_with_another_seed_for_whoever_asks(
    app: Application, asker: Asker, stranger: Asker
) -> None:
    first = await finished(app, asker)
    answer = await app.dispatcher.press(Button.AGAIN, first.id, stranger)
    assert isinstance(answer, JobAccepted)
    assert answer.job.request == replace(first.request, seed=None)
    assert answer.job.seed != first.seed
    assert answer.job.origin == stranger.origin
    assert await left(app, stranger.origin) == await left(app, asker.origin) == 11


async def test_the_files_of_a_picture_are_for_everyone_there_until_it_is_deleted(
    app: Application, asker: Asker, stranger: Asker
) -> None:
    job = await finished(app, asker)
    files = await app.dispatcher.press(Button.FILE, job.id, stranger)
    assert isinstance(files, PictureFiles)
    assert [png[:4] for png in files.pngs] == [b"\x89PNG"]
    assert isinstance(await app.dispatcher.press(Button.DELETE, job.id, asker), Removed)
    assert await app.dispatcher.press(Button.FILE, job.id, stranger) == PictureFiles(job, ())


@pytest.mark.parametrize("button", [Button.DELETE, Button.CANCEL])
async def test_what_is_somebodys_own_is_for_its_author_and_moderators(
    app: Application, asker: Asker, stranger: Asker, scripted: ScriptedEngine, button: Button
) -> None:
    scripted.gate.clear()
    job = await start(app, asker)
    assert reason(await app.dispatcher.press(button, job.id, stranger)) == "not-yours"
    assert await app.dispatcher.press_asks_rights(button, job.id, stranger)
    assert not await app.dispatcher.press_asks_rights(button, job.id, asker)
    moderator = replace(stranger, may_tidy=True)
    assert isinstance(await app.dispatcher.press(button, job.id, moderator), Removed | JobStopping)


@pytest.mark.parametrize("button", list(Button))
async def test_a_job_of_another_place_is_only_there_for_its_author(
    app: Application, asker: Asker, stranger: Asker, button: Button
) -> None:
    job = await finished(app, asker)
    elsewhere = replace(stranger.origin, place="elsewhere")
    moderator = Asker(elsewhere, may_manage=True, may_tidy=True)
    assert reason(await app.dispatcher.press(button, job.id, moderator)) == "unknown-job"
    assert reason(await app.dispatcher.press(button, "00000000", asker)) == "unknown-job"
    author = Asker(replace(asker.origin, place="elsewhere"))
    assert not isinstance(await app.dispatcher.press(button, job.id, author), Refusal)


async def test_the_cancel_button_stops_the_job_and_is_too_late_once_it_is_done(
    app: Application, asker: Asker, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await start(app, asker)
    assert await app.dispatcher.press(Button.CANCEL, job.id, asker) == JobStopping(job)
    assert (await app.studio.wait(job.id)).state is State.CANCELLED
    assert await app.dispatcher.press(Button.CANCEL, job.id, asker) == NothingToCancel()


async def test_cancel_asks_which_job_where_there_are_several(
    app: Application, asker: Asker, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    first, second, third = [await start(app, asker, f"/draw fox {number}") for number in range(3)]
    answer = await typed(app, asker, "/cancel")
    assert isinstance(answer, CancelChoice)
    assert [job.id for job in answer.jobs] == [first.id, second.id, third.id]
    assert scripted.stopped == []
    one = await typed(app, asker, f"/cancel #{second.id.upper()}")
    assert isinstance(one, JobsStopped)
    assert [job.id for job in one.jobs] == [second.id]
    every = await typed(app, asker, "/cancel ALL")
    assert isinstance(every, JobsStopped)
    assert [job.id for job in every.jobs] == [first.id, third.id]
    assert await typed(app, asker, "/cancel all") == NothingToCancel()


async def test_cancel_takes_the_only_job_and_never_that_of_others_or_elsewhere(
    app: Application, asker: Asker, stranger: Asker, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await start(app, asker)
    assert await typed(app, stranger, "/cancel") == NothingToCancel()
    assert reason(await typed(app, stranger, f"/cancel {job.id}")) == "unknown-job"
    assert await typed(app, Asker(replace(asker.origin, place="elsewhere")), "/cancel all") == NothingToCancel()
    assert isinstance(await typed(app, asker, "/cancel"), JobsStopped)


async def test_a_cancelled_job_says_whether_it_is_paid_for(
    app: Application, asker: Asker, scripted: ScriptedEngine, courier: Recorder
) -> None:
    scripted.gate.clear()
    scripted.before = [drawing(1, 25)]
    drawn = await start(app, asker)
    await courier.until(lambda: courier.reports)
    assert isinstance(await typed(app, asker, "/cancel"), JobsStopped)
    assert (await app.studio.wait(drawn.id)).reason == DRAWING_BEGUN
    assert await left(app, asker.origin) == 11
    await scripted.stop()
    waiting = await start(app, asker)
    assert isinstance(await typed(app, asker, "/cancel"), JobsStopped)
    assert (await app.studio.wait(waiting.id)).reason == ""
    assert await left(app, asker.origin) == 11


async def completed(app: Application, asker: Asker, path: str, option: str, typed: str = "") -> list[Suggestion]:
    return await complete(app.dispatcher.services, tuple(path.split()), option, typed, asker)


async def test_own_running_jobs_are_found_by_their_prompts(
    app: Application, asker: Asker, stranger: Asker, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    fox = await start(app, asker, "/draw a red fox")
    assert await completed(app, asker, "cancel", "job") == [Suggestion(fox.id, f"{fox.id}: a red fox")]
    deer = await start(app, asker, "/draw a deer")
    assert [one.value for one in await completed(app, asker, "cancel", "job")] == ["all", fox.id, deer.id]
    assert [one.value for one in await completed(app, asker, "cancel", "job", "DEER")] == [deer.id]
    assert await completed(app, stranger, "cancel", "job") == []


async def test_words_for_no_adapter_are_suggested_only_where_they_can_be_used(app: Application, asker: Asker) -> None:
    moderator = replace(asker, may_manage=True)
    used = [one.value for one in await completed(app, moderator, "adapter use", "adapter")]
    shown = [one.value for one in await completed(app, moderator, "adapter info", "adapter")]
    assert used == ["default", "none", *shown]
    assert "batik" in shown
    assert await completed(app, asker, "adapter info", "adapter") == []
    styles = [one.value for one in await completed(app, moderator, "adapter use", "style", "kan")]
    assert styles == ["kancil"]
