"""The studio over a real socket and a real database: what happens to a job, and what survives."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.errors import Refused
from bot.jobs.courier import Undeliverable
from bot.jobs.job import State
from bot.members.origin import Origin
from engine.errors import AdapterRefused, BadRequest, DrawingFailed, EngineError, QueueFull, Unauthorized
from engine.protocol import AdapterUse
from tests.bot.conftest import Start, left
from tests.bot.kit.behaviours import break_off, drawing, fail, partial, refuse, send
from tests.bot.kit.courier import Recorder
from tests.bot.kit.engine import ScriptedEngine
from tests.bot.kit.pictures import png

DEER = DrawRequest("kancil", "a deer", seed=777)


async def test_a_command_becomes_a_delivered_picture(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    job = await app.studio.submit(origin, DEER)
    assert (job.state, job.seed, job.style.adapter) == (State.ACCEPTED, 777, "kancil")
    done = await app.studio.wait(job.id)
    assert (done.state, done.message) == (State.DELIVERED, f"message of {job.id}")
    [(delivered, [picture])] = courier.delivered
    assert delivered.state is State.DRAWN
    assert (picture.seed, picture.png) == (777, png(777, picture.parameters))
    assert picture.used.prompt.startswith("a deer, ")
    assert picture.used.adapters == [AdapterUse(name="kancil", weight=1.0)]
    assert (delivered.used, delivered.fallback) == (picture.used, "")
    assert await app.studio.job(job.id) == done


async def test_the_engine_is_asked_with_the_styles_frame_and_defaults(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    job = await app.studio.submit(origin, DrawRequest("kancil", "a deer", negative="snow", count=2, size="wide"))
    await app.studio.wait(job.id)
    [asked] = scripted.requests
    assert asked.prompt == "a deer"
    assert asked.frame.startswith("{prompt}, ")
    assert (asked.negative_prompt, asked.negative_frame) == ("snow", "nudity, blood, gore, violence, {prompt}")
    assert (asked.n, asked.size, asked.seed, asked.sampler) == (2, "896x512", job.seed, "dpm++-2m")
    assert (asked.num_inference_steps, asked.guidance_scale, asked.user) == (25, 7.0, "console:ani")


async def test_several_pictures_come_in_the_order_of_their_seeds(
    app: Application, origin: Origin, courier: Recorder
) -> None:
    job = await app.studio.submit(origin, DrawRequest("draw", "a fox", seed=5, count=4))
    await app.studio.wait(job.id)
    [(_, pictures)] = courier.delivered
    assert [picture.seed for picture in pictures] == [5, 6, 7, 8]


async def test_the_newest_progress_and_the_preview_reach_the_courier(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await scripted.told.wait()
    await courier.until(lambda: any(report.preview for report in courier.reports))
    scripted.gate.set()
    await app.studio.wait(job.id)
    last = courier.reports[-1]
    assert (last.state, last.step, last.steps) == (State.DRAWING, 1, 25)


async def test_a_courier_that_cannot_show_progress_still_gets_the_picture(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    courier.error = RuntimeError("platform error")
    job = await app.studio.submit(origin, DEER)
    await courier.until(lambda: courier.reports)
    courier.error = None
    scripted.gate.set()
    assert (await app.studio.wait(job.id)).state is State.DELIVERED


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Undeliverable("undeliverable-permission"), "undeliverable-permission"), (RuntimeError(), "undeliverable")],
)
async def test_a_picture_that_cannot_be_posted_gives_the_allowance_back(
    app: Application, origin: Origin, courier: Recorder, error: Exception, reason: str
) -> None:
    before = await left(app, origin)
    courier.error = error
    job = await app.studio.submit(origin, DEER)
    done = await app.studio.wait(job.id)
    assert (done.state, done.reason) == (State.FAILED, reason)
    assert courier.informed == [done]
    assert await left(app, origin) == before
    courier.error = None
    assert (await app.studio.wait((await app.studio.submit(origin, DEER)).id)).state is State.DELIVERED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadRequest("no"), "drawing-failed"),
        (DrawingFailed("NaN"), "drawing-failed"),
        (Unauthorized("no"), "engine-away"),
    ],
)
async def test_a_failure_of_the_engine_is_told_and_gives_the_allowance_back(
    app: Application, courier: Recorder, scripted: ScriptedEngine, error: EngineError, reason: str
) -> None:
    member = Origin("console", "here", "ani", "en", {})
    before = await left(app, member)
    scripted.script += [refuse(error, retry_after="100000")] * 2
    done = await app.studio.wait((await app.studio.submit(member, DEER)).id)
    assert (done.state, done.reason) == (State.FAILED, reason)
    assert courier.informed == [done]
    assert await left(app, member) == before


async def test_a_full_queue_costs_no_patience(
    start_bot: Start, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.script += [refuse(QueueFull("full", retry_after=0.6))] * 3
    async with start_bot(engine_patience=1) as app:
        job = await app.studio.submit(origin, DEER)
        assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert not any(report.engine_away for report in courier.reports)


@pytest.mark.parametrize("picture", [b"", b"\x89PNG", png(1, "")[:-40], png(1, "")[:-12], b"GIF89a" + png(1, "")[6:]])
async def test_a_picture_that_is_none_is_neither_delivered_nor_charged(
    app: Application, courier: Recorder, scripted: ScriptedEngine, picture: bytes
) -> None:
    member = Origin("console", "here", "ani", "en", {})
    before = await left(app, member)
    scripted.script.append(send(picture))
    done = await app.studio.wait((await app.studio.submit(member, DEER)).id)
    assert (done.state, done.reason) == (State.FAILED, "drawing-failed")
    assert (courier.delivered, courier.informed) == ([], [done])
    assert await left(app, member) == before


async def test_a_partial_picture_that_is_none_does_not_cost_the_drawing(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.before = [drawing(1, 25), partial(1, 25).model_copy(update={"b64_json": "?"}), drawing(2, 25)]
    job = await app.studio.submit(origin, DEER)
    assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert not any(report.preview for report in courier.reports)


async def test_a_job_that_fails_says_why_in_the_log(
    start_bot: Start, origin: Origin, scripted: ScriptedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    await scripted.stop()
    async with start_bot(engine_patience=1) as app:
        job = await app.studio.wait((await app.studio.submit(origin, DEER)).id)
    assert job.reason == "engine-away"
    [line] = [record.getMessage() for record in caplog.records if "failed" in record.getMessage()]
    assert line.startswith(f"job {job.id} failed: ")
    assert line.endswith("(unreachable)")
    assert len(line) > len(f"job {job.id} failed:  (unreachable)")


async def test_an_adapter_that_does_not_fit_leaves_the_base_model_with_the_frame(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.script.append(refuse(AdapterRefused("epsilon, not v_prediction", param="adapters")))
    job = await app.studio.submit(origin, DEER)
    done = await app.studio.wait(job.id)
    assert done.state is State.DELIVERED
    assert (done.style.adapter, done.used and done.used.adapters) == ("kancil", [])
    assert done.fallback == "epsilon, not v_prediction"
    assert await app.studio.job(job.id) == done
    with_adapter, without = scripted.requests
    assert [one.name for one in with_adapter.adapters] == ["kancil"]
    assert (without.adapters, without.prompt, without.seed) == ([], with_adapter.prompt, 777)


async def test_a_job_is_finished_after_the_engine_crashed(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await scripted.told.wait()
    await scripted.stop()
    scripted.gate.set()
    await courier.until(lambda: courier.reports[-1].engine_away)
    assert (await app.studio.job(job.id)).state is State.QUEUED  # type: ignore[union-attr]
    await scripted.start()
    assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert len(courier.delivered) == 1
    assert len({(asked.seed, asked.prompt) for asked in scripted.requests}) == 1


async def test_a_stream_that_breaks_off_is_drawn_again_and_delivered_once(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.script.append(break_off)
    job = await app.studio.submit(origin, DrawRequest("draw", "a fox", seed=1, count=2))
    await app.studio.wait(job.id)
    assert [[picture.seed for picture in pictures] for _, pictures in courier.delivered] == [[1, 2]]


async def test_what_the_bot_left_is_drawn_after_its_restart_with_its_seed_and_adapter(
    start_bot: Start, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    async with start_bot() as app:
        job = await app.studio.submit(origin, DrawRequest("kancil", "a deer"))
        await scripted.told.wait()
    assert len(scripted.stopped) == 1
    assert courier.informed == []
    scripted.gate.set()
    async with start_bot() as app:
        await app.adapter_choice.use(origin, "kancil", "batik")
        assert await app.studio.recover("discord") == 0
        assert await app.studio.recover("console") == 1
        done = await app.studio.wait(job.id)
        assert await app.studio.recover("console") == 0
    assert (done.state, done.seed, done.style.adapter) == (State.DELIVERED, job.seed, "kancil")
    assert scripted.requests[0] == scripted.requests[1]
    [(delivered, _)] = courier.delivered
    assert delivered.origin == origin


async def test_a_delivery_under_way_is_waited_for_when_the_bot_stops(
    start_bot: Start, origin: Origin, courier: Recorder
) -> None:
    courier.gate.clear()
    async with start_bot(shutdown_grace=30) as app:
        job = await app.studio.submit(origin, DEER)
        await courier.delivering.wait()
        closing = asyncio.create_task(app.studio.close(30))
        courier.gate.set()
        await closing
        with pytest.raises(Refused) as refused:
            await app.studio.submit(origin, DEER)
        assert refused.value.reason == "stopping"
    assert [delivered.id for delivered, _ in courier.delivered] == [job.id]


async def test_a_choice_of_the_moderators_counts_from_the_next_request_on(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    before = await app.studio.submit(origin, DEER)
    await scripted.told.wait()
    await app.adapter_choice.use(origin, "kancil", "batik")
    after = await app.studio.submit(origin, DEER)
    scripted.gate.set()
    assert (before.style.adapter, after.style.adapter) == ("kancil", "batik")
    assert (await app.studio.wait(before.id)).style.adapter == "kancil"
    assert (await app.studio.wait(after.id)).style.adapter == "batik"


async def test_an_error_in_the_middle_of_a_stream_is_told(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.script.append(fail(DrawingFailed("NaN")))
    done = await app.studio.wait((await app.studio.submit(origin, DEER)).id)
    assert (done.state, done.reason) == (State.FAILED, "drawing-failed")


async def test_a_job_under_way_is_delivered_by_whoever_is_attached_by_then(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await scripted.told.wait()
    app.studio.attach("console", later := Recorder())
    scripted.gate.set()
    assert (await app.studio.wait(job.id)).state is State.DELIVERED
    assert (len(courier.delivered), len(later.delivered)) == (0, 1)


async def test_jobs_and_choices_follow_a_place_that_gets_a_new_id(
    app: Application, origin: Origin, scripted: ScriptedEngine
) -> None:
    await app.adapter_choice.use(origin, "kancil", "batik")
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await app.studio.move_place("console", "here", "there")
    moved = Origin("console", "there", "ani", "en", {})
    assert [one.id for one in app.studio.running(moved)] == [job.id]
    scripted.gate.set()
    done = await app.studio.wait(job.id)
    assert (done.state, done.origin) == (State.DELIVERED, Origin("console", "there", "ani", "en", {"channel": 7}))
    assert await app.studio.job(job.id) == done
    assert (await app.studio.submit(moved, DEER)).style.adapter == "batik"


async def test_the_answer_of_a_job_can_get_another_address(
    app: Application, origin: Origin, courier: Recorder, scripted: ScriptedEngine
) -> None:
    scripted.gate.clear()
    job = await app.studio.submit(origin, DEER)
    await app.studio.move_answer(job, {"channel": 8})
    scripted.gate.set()
    done = await app.studio.wait(job.id)
    assert courier.delivered[0][0].origin.address == done.origin.address == {"channel": 8}
    assert await app.studio.job(job.id) == done
