"""Which adapters are taken, which are refused and why, and that nobody else notices."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from adapters.registry import LORA_FILE
from tests.engine_kit.adapters import Tensors, write_dreambooth, write_lora
from tests.engine_kit.judge import Wish, difference, pixels
from tests.engine_kit.live import Live, serve

FIRST = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight"


@dataclass
class MemoryBudget:
    live: Live
    base: Path
    folder: Path

    def refusal(self, *names: str) -> str:
        """Why a request with these adapters is refused."""
        answer = self.live.post(Wish(adapters=tuple((name, 1.0) for name in names)).body())
        assert answer.status_code == 422, answer.text
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == ("adapter_refused", "adapters")
        assert str(self.folder) not in error["message"]
        return str(error["message"])


@pytest.fixture(scope="module")
def shelf(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryBudget]:
    folder = tmp_path_factory.mktemp("adapters")
    for seed in range(6):
        write_lora(folder / f"lora-{seed}", tiny, seed=seed, rank=2, text=seed == 0)
    for seed in range(3):
        write_dreambooth(folder / f"dream-{seed}", tiny, seed=seed)
    with serve(tiny, folder, adapter_slots=4, max_rank=16) as live:
        yield MemoryBudget(live, tiny, folder)


def spoil(change: Callable[[Tensors], Any]) -> Callable[[Tensors], None]:
    def edit(tensors: Tensors) -> None:
        change(tensors)

    return edit


SPOILED: dict[str, tuple[Callable[[Tensors], Any], str]] = {
    "unknown-layer": (
        lambda t: t.update({"unet.nowhere.lora_A.weight": torch.ones(2, 2)}),
        "unet.nowhere.lora_A.weight",
    ),
    "unknown-kind": (lambda t: t.update({"lora_unet_mid_block.hada_w1_a": torch.ones(2, 2)}), "sanggar adapters add"),
    "dora": (
        lambda t: t.update({FIRST.replace("lora_A.weight", "lora_magnitude_vector"): torch.ones(2)}),
        "another layout",
    ),
    "half-a-pair": (lambda t: t.pop(FIRST), "no down weight"),
    "wrong-shape": (lambda t: t.update({FIRST: torch.ones(4, 7)}), "(4, 7)"),
    "no-matrix": (lambda t: t.update({FIRST: torch.ones(())}), "to_q has shapes ()"),
    "no-rank": (lambda t: t.update({FIRST: torch.ones(0, 16)}), "(0, 16)"),
    "said-twice": (
        lambda t: t.update({FIRST.replace("lora_A", "lora.down"): torch.ones(4, 16)}),
        "another layout",
    ),
    "wrong-alpha": (
        lambda t: t.update({FIRST.replace("lora_A.weight", "alpha"): torch.ones(3)}),
        "another layout",
    ),
    "not-finite": (lambda t: t.update({FIRST: torch.full((4, 16), torch.nan)}), "not finite"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_lora_that_cannot_be_applied_is_refused_with_the_reason(shelf: MemoryBudget, name: str) -> None:
    edit, reason = SPOILED[name]
    write_lora(shelf.folder / name, shelf.base, edit=spoil(edit))
    assert reason in shelf.refusal(name)


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("other-base", {"base_model": "other", "edit": lambda t: t.update({FIRST: torch.ones(4, 7)})}, "made for"),
        ("other-prediction", {"prediction_type": "epsilon"}, "epsilon"),
        ("high-rank", {"rank": 17}, "SANGGAR_MAX_RANK is 16"),
    ],
)
def test_a_lora_for_another_model_is_refused(
    shelf: MemoryBudget, name: str, fields: dict[str, Any], reason: str
) -> None:
    write_lora(shelf.folder / name, shelf.base, **fields)
    assert reason in shelf.refusal(name)


@pytest.mark.parametrize("name", ["truncated", "no-safetensors", "empty-file"])
def test_a_damaged_file_is_refused(shelf: MemoryBudget, name: str) -> None:
    file = write_lora(shelf.folder / name, shelf.base) / LORA_FILE
    whole = file.read_bytes()
    file.write_bytes({"truncated": whole[:-100], "no-safetensors": b"PK\3\4" + whole, "empty-file": b""}[name])
    assert "damaged" in shelf.refusal(name)


def test_a_checkpoint_with_a_foreign_tensor_is_refused(shelf: MemoryBudget) -> None:
    write_dreambooth(shelf.folder / "foreign", shelf.base, edit=lambda t: t.update({"foreign.weight": torch.ones(1)}))
    assert "foreign.weight cannot be applied" in shelf.refusal("foreign")


def test_weights_that_are_not_those_of_the_manifest_are_refused(shelf: MemoryBudget) -> None:
    write_lora(shelf.folder / "swapped", shelf.base, sha256="0" * 64)
    assert "manifest" in shelf.refusal("swapped")


def test_two_checkpoints_in_one_request_are_refused(shelf: MemoryBudget) -> None:
    answer = shelf.live.post(Wish(adapters=(("dream-0", 1.0), ("dream-1", 1.0))).body())
    assert answer.status_code == 400
    assert "dream-0, dream-1" in answer.json()["error"]["message"]


def test_the_running_batch_does_not_notice_a_refusal(shelf: MemoryBudget) -> None:
    write_lora(shelf.folder / "bad-shape", shelf.base, edit=spoil(SPOILED["wrong-shape"][0]))
    wishes = [Wish(seed=seed, adapters=((f"lora-{seed}", 1.0),), num_inference_steps=12) for seed in range(3)]
    alone = [shelf.live.draw(wish) for wish in wishes]
    with ThreadPoolExecutor(4) as pool:
        drawn = [pool.submit(shelf.live.draw, wish) for wish in wishes]
        assert "(4, 7)" in pool.submit(shelf.refusal, "bad-shape").result()
        for future, expected in zip(drawn, alone, strict=True):
            assert difference(future.result(), expected) <= 1


def test_an_adapter_of_which_no_finite_picture_comes_fails_its_own_requests_alone(shelf: MemoryBudget) -> None:
    """Every number in the file is finite; what the model makes of them is not."""
    write_lora(
        shelf.folder / "huge", shelf.base, text=False, edit=spoil(lambda t: [one.mul_(1e30) for one in t.values()])
    )
    wishes = [Wish(seed=seed, adapters=((name, 1.0),)) for seed, name in enumerate(("lora-1", "huge", "lora-2"))]
    expected = [shelf.live.draw(wish) for wish in (wishes[0], wishes[2])]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda wish: shelf.live.post(wish.body()), wishes))
    assert [answer.status_code for answer in answers] == [200, 500, 200]
    error = answers[1].json()["error"]
    assert (error["code"], "no finite picture in torch.float32" in error["message"]) == ("drawing_failed", True)
    for answer, wanted in zip((answers[0], answers[2]), expected, strict=True):
        drawn = pixels(base64.b64decode(answer.json()["data"][0]["b64_json"]))
        assert difference(drawn, wanted) <= 1
    after = [shelf.live.draw(wish) for wish in (wishes[0], wishes[2])]
    assert all(difference(one, other) <= 1 for one, other in zip(after, expected, strict=True))


def test_a_slot_that_is_taken_over_leaves_nothing_behind(shelf: MemoryBudget) -> None:
    """Six adapters go through four slots, twice; the pictures stay what they were."""
    wishes = [Wish(seed=1, adapters=((f"lora-{seed}", 1.0),), num_inference_steps=3) for seed in range(6)]
    first = [shelf.live.draw(wish) for wish in wishes]
    plain = shelf.live.draw(Wish(num_inference_steps=3))
    again = [shelf.live.draw(wish) for wish in wishes]
    assert all(difference(one, other) == 0 for one, other in zip(first, again, strict=True))
    assert difference(plain, shelf.live.draw(Wish(num_inference_steps=3))) == 0


def test_more_adapters_than_slots_are_drawn_by_turns(shelf: MemoryBudget) -> None:
    wishes = [Wish(seed=seed, adapters=((f"lora-{seed}", 1.0),), num_inference_steps=4) for seed in range(6)]
    for wish, drawn in zip(wishes, shelf.live.draw_together(wishes), strict=True):
        assert difference(drawn, shelf.live.draw(wish)) <= 1


def test_a_weight_of_zero_is_the_base_model(shelf: MemoryBudget) -> None:
    assert difference(shelf.live.draw(Wish(adapters=(("lora-0", 0.0),))), shelf.live.draw(Wish())) == 0


def test_more_checkpoints_than_fit_are_drawn_by_turns(shelf: MemoryBudget) -> None:
    """With room for one only, all three are drawn, in whatever order they are asked."""
    size = sum(file.stat().st_size for file in (shelf.folder / "dream-0").rglob("*.safetensors"))
    wishes = [Wish(seed=seed, adapters=((f"dream-{seed % 3}", 1.0),), num_inference_steps=3) for seed in range(6)]
    expected = [shelf.live.draw(wish) for wish in wishes]
    with serve(shelf.base, shelf.folder) as live:
        live.engine.adapters.variants.budget = int(size * 1.5)
        for drawn, alone in zip(live.draw_together(wishes), expected, strict=True):
            assert difference(drawn, alone) <= 1
        assert len(live.engine.adapters.variants.items) == 1


def test_the_list_tells_which_adapters_can_be_used(shelf: MemoryBudget) -> None:
    write_lora(shelf.folder / "fine-tune", shelf.base, base_model="other")
    write_lora(shelf.folder / "by-hand", shelf.base, layout="kohya")
    write_lora(shelf.folder / "foreigner", shelf.base, base_model="other", edit=spoil(SPOILED["wrong-shape"][0]))
    (write_lora(shelf.folder / "no-weights", shelf.base) / LORA_FILE).unlink()
    listed = {entry["name"]: entry for entry in shelf.live.http.get("/v1/adapters").json()["data"]}
    assert listed["lora-0"]["usable"]
    assert listed["fine-tune"]["usable"]
    assert not listed["foreigner"]["usable"]
    assert not listed["by-hand"]["usable"]
    broken = {"name": "no-weights", "kind": None, "usable": False, "reason": f"no-weights: no {LORA_FILE}"}
    assert broken.items() <= listed["no-weights"].items()
    assert "sanggar adapters add FOLDER" in listed["by-hand"]["reason"]
    assert "'other'" in listed["foreigner"]["reason"]


def test_an_adapter_that_was_added_while_running_can_be_used_at_once(shelf: MemoryBudget) -> None:
    write_lora(shelf.folder / "fresh", shelf.base, seed=99)
    assert difference(shelf.live.draw(Wish(adapters=(("fresh", 1.0),))), shelf.live.draw(Wish())) > 1
