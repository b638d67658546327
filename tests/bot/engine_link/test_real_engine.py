"""The studio with the real engine process: what it draws, what it stops, and what survives the engine's death."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from bot.app import Application
from bot.commands.request import DrawRequest
from bot.jobs.job import Picture, State
from bot.members.origin import Origin
from bot.settings import Settings
from tests.bot.kit.courier import Recorder
from tests.conftest import engine_process
from tests.kit.settings import bot_settings

FOX = DrawRequest("draw", "a red fox", seed=777, steps=3)


def settings(folder: Path, url: str) -> Settings:
    return bot_settings(data=folder, engine_url=url, shutdown_grace=0)


def pixels(picture: Picture) -> bytes:
    with Image.open(io.BytesIO(picture.png)) as image:
        assert (image.format, image.info["parameters"]) == ("PNG", picture.parameters)
        return image.convert("RGB").tobytes()


@pytest.mark.timeout(600)
async def test_pictures_are_drawn_with_what_was_asked(
    nano: str, tmp_path: Path, origin: Origin, courier: Recorder
) -> None:
    async with Application(settings(tmp_path, nano)) as app:
        app.studio.attach("console", courier)
        request = DrawRequest("draw", "a red fox", seed=777, steps=3, guidance_scale=5.5, count=2, sampler="euler-a")
        done = await app.studio.wait((await app.studio.submit(origin, request)).id)
        assert done.state is State.DELIVERED
        [(_, pictures)] = courier.delivered
        used = pictures[0].used
        assert [picture.seed for picture in pictures] == [777, 778]
        assert (used.steps, used.sampler, used.guidance_scale, used.size) == (3, "euler-a", 5.5, "512x512")
        assert done.used == used
        assert pixels(pictures[0]) != pixels(pictures[1])
        assert any(report.preview for report in courier.reports)
        caption = app.replies.for_locale("en").caption(done, pictures)
        assert f"CFG 5.5 · 3 steps · Euler a · drawn {used.drawn_size}, enlarged to 512x512" in caption


@pytest.mark.timeout(600)
async def test_a_cancelled_job_leaves_the_engine_free(
    nano: str, tmp_path: Path, origin: Origin, courier: Recorder
) -> None:
    async with Application(settings(tmp_path, nano)) as app:
        app.studio.attach("console", courier)
        job = await app.studio.submit(origin, DrawRequest("draw", "a castle", steps=100, count=4))
        await courier.until(lambda: courier.reports)
        [cancelled] = await app.studio.cancel(job.id)
        assert (cancelled.id, cancelled.state) == (job.id, State.CANCELLED)
        assert courier.delivered == []
        assert (await app.studio.wait((await app.studio.submit(origin, FOX)).id)).state is State.DELIVERED


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_job_survives_the_death_of_the_engine(tmp_path: Path, origin: Origin, courier: Recorder) -> None:
    with engine_process() as (url, process):
        async with Application(settings(tmp_path, url)) as app:
            app.studio.attach("console", courier)
            job = await app.studio.submit(origin, DrawRequest("draw", "a red fox", seed=777, steps=60))
            await courier.until(lambda: any(report.state is State.DRAWING for report in courier.reports))
            process.kill()
            process.wait()
            assert courier.delivered == []
            with engine_process(SANGGAR_ENGINE_PORT=str(urlsplit(url).port)):
                assert (await app.studio.wait(job.id)).state is State.DELIVERED
    [(_, [picture])] = courier.delivered
    assert (picture.seed, len(courier.delivered)) == (777, 1)
