"""The images API as the ``openai`` client uses it, over a real socket."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image

from engine.protocol import SAMPLERS
from tests.engine_kit.judge import Wish, difference, pixels
from tests.engine_kit.live import Live, serve
from tests.kit.eventually import eventually


@pytest.fixture(scope="module")
def client(live: Live) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{live.url}/v1", api_key="none", max_retries=0)


def picture(b64: str | None) -> Image.Image:
    assert b64 is not None
    return Image.open(io.BytesIO(base64.b64decode(b64)))


def test_the_openai_client_gets_as_many_pictures_of_the_size_as_it_asked_for(client: openai.OpenAI) -> None:
    answer = client.images.generate(model="tiny", prompt="a fox", n=2, size="512x512")
    assert answer.data is not None
    assert [picture(data.b64_json).size for data in answer.data] == [(512, 512)] * 2
    assert answer.size == "512x512"
    assert answer.usage is not None
    assert answer.usage.output_tokens == 2 * 2 * 25


def test_words_that_the_model_did_not_read_are_named_and_tokens_are_counted(client: openai.OpenAI) -> None:
    words = [f"castle{number}" for number in range(60)]
    extra = {"num_inference_steps": 1, "frame": "{prompt}, storybook"}
    answer = client.images.generate(prompt=" ".join(words), extra_body=extra)
    assert answer.data is not None
    used = (answer.data[0].model_extra or {})["used"]
    left = used["prompt_left_out"].split()
    assert used["prompt"].endswith(", storybook")
    assert left == words[-len(left) :]
    assert answer.usage is not None
    assert 70 <= answer.usage.input_tokens <= 75
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_what_the_openai_client_leaves_open_has_a_default(client: openai.OpenAI) -> None:
    nothing: Any = dict.fromkeys(("model", "n", "size", "stream", "partial_images", "response_format", "output_format"))
    answer = client.images.generate(prompt="a fox", extra_body={"num_inference_steps": 1}, **nothing)
    assert answer.data is not None
    assert len(answer.data) == 1


def test_picture_i_is_drawn_with_seed_plus_i(live: Live) -> None:
    both = live.post(Wish(seed=41).body() | {"n": 2}).json()["data"]
    assert [data["seed"] for data in both] == [41, 42]
    second = pixels(base64.b64decode(both[1]["b64_json"]))
    assert difference(second, live.draw(Wish(seed=42))) <= 1


def test_seeds_wrap_after_the_largest(live: Live) -> None:
    data = live.post(Wish(seed=2**32 - 1).body() | {"n": 2}).json()["data"]
    assert [entry["seed"] for entry in data] == [2**32 - 1, 0]


@pytest.mark.parametrize("seed", [None, -1])
def test_without_a_seed_each_request_has_another_picture(live: Live, seed: int | None) -> None:
    body = {"prompt": "a fox", "num_inference_steps": 1, "seed": seed}
    first, second = (live.post(body).json()["data"][0] for _ in range(2))
    assert first["seed"] != second["seed"]
    assert first["b64_json"] != second["b64_json"]


def test_a_stream_brings_partial_pictures_and_then_the_picture(client: openai.OpenAI) -> None:
    options: Any = {"seed": 5, "num_inference_steps": 9}
    events = list(client.images.generate(prompt="a fox", stream=True, partial_images=2, extra_body=options))
    assert [event.type.rsplit(".")[-1] for event in events] == ["partial_image", "partial_image", "completed"]
    assert [getattr(event, "partial_image_index", None) for event in events] == [0, 1, None]
    assert [getattr(event, "step", None) for event in events] == [3, 6, None]
    final = pixels(base64.b64decode(events[-1].b64_json))
    distances = [abs(pixels(base64.b64decode(event.b64_json)) - final).mean() for event in events]
    assert distances[0] > distances[1] > distances[2] == 0


def test_a_streamed_picture_is_the_plain_one(live: Live, client: openai.OpenAI) -> None:
    wish = Wish()
    options = {key: value for key, value in wish.body().items() if key != "prompt"}
    (event,) = client.images.generate(prompt=wish.prompt, stream=True, extra_body=options)
    assert difference(pixels(base64.b64decode(event.b64_json)), live.draw(wish)) <= 1


def test_progress_is_told_on_request_only(live: Live) -> None:
    body = {"prompt": "a fox", "stream": True, "num_inference_steps": 60}
    assert "progress" not in live.post(body).text
    told = live.post(body | {"progress": True}).text
    assert '"state":"drawing"' in told
    assert '"steps":60' in told


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_every_sampler_draws_with_few_steps(live: Live, sampler: str, steps: int) -> None:
    answer = live.post({"prompt": "x", "sampler": SAMPLERS[sampler].upper(), "num_inference_steps": steps})
    assert answer.status_code == 200, answer.text
    shown = SAMPLERS[sampler].removesuffix(" Karras")  # the schedule stands in a field of its own
    assert f"Sampler: {shown}," in answer.json()["data"][0]["parameters"]


def test_the_model_is_listed_with_its_defaults(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert model == client.models.retrieve("tiny")
    assert model.model_dump()["native_size"] == "64x64"
    assert model.model_dump()["samplers"] == list(SAMPLERS)
    with pytest.raises(openai.NotFoundError, match="'tiny'"):
        client.models.retrieve("dall-e-3")


def test_health_tells_that_the_engine_is_ready(live: Live) -> None:
    assert live.http.get("/health").json()["status"] == "ready"


def test_metrics_count_pictures_and_rows(live: Live) -> None:
    live.draw(Wish())
    text = live.http.get("/metrics").text
    assert "sanggar_pictures_total" in text
    assert 'sanggar_requests_total{outcome="done"}' in text
    assert "sanggar_step_rows_bucket" in text


def test_the_key_guards_everything_but_health(tiny: Path) -> None:
    with serve(tiny, engine_key="secret") as live:
        assert live.draw(Wish(num_inference_steps=1)).shape == (64, 64, 3)
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
            with httpx.Client(base_url=live.url, headers=headers) as stranger:
                assert stranger.get("/health").status_code == 200
                for path in ("/v1/models", "/v1/adapters", "/metrics", "/v1/nowhere", "/openapi.json"):
                    refused = stranger.get(path)
                    assert refused.status_code == 401
                    assert refused.json()["error"]["code"] == "invalid_api_key"


def test_a_client_may_choose_the_id_of_its_request(live: Live) -> None:
    headers = {"X-Request-Id": "job-7"}
    answer = live.http.post("/v1/images/generations", json={"prompt": "x"}, headers=headers)
    assert answer.headers["x-request-id"] == "job-7"
    refused = live.http.post("/v1/images/generations", json={"prompt": "x"}, headers={"X-Request-Id": "a b"})
    assert refused.status_code == 400


def test_a_full_queue_says_when_to_come_back(tiny: Path) -> None:
    with serve(tiny, max_queue=4) as live:
        with ThreadPoolExecutor(1) as pool, live.nothing_computed():
            first = pool.submit(live.post, {"prompt": "x", "num_inference_steps": 1, "n": 4})
            eventually(live.engine.admission.jobs)
            refused = live.post({"prompt": "one more"})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
        assert refused.json()["error"]["retry_after"] >= 1
        assert first.result().status_code == 200
        assert live.post({"prompt": "now"}).status_code == 200
