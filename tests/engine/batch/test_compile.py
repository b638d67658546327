"""The compiled U-Net: graphs are counted, and the pictures are those of the plain one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.adapters.lora import LowRankPair
from engine.adapters.lora_files import LoraWeights
from engine.adapters.weights import Lora
from engine.batch.compiling import RANK, usual_shapes
from engine.batch.runner import bucket
from tests.engine_kit.adapters import write_dreambooth, write_lora
from tests.engine_kit.judge import Wish, difference
from tests.engine_kit.live import Live, serve

pytestmark = pytest.mark.timeout(600)  # tracing a U-Net takes ten seconds where nothing else runs
FEW = {"num_inference_steps": 2}


class Graphs(list[Any]):
    """A compiler that keeps what it is given and runs it as it is."""

    def __call__(self, graph: Any, inputs: Any) -> Any:
        self.append(graph)
        return graph.forward


@pytest.fixture(scope="module")
def adapters(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compiled")
    for seed in range(6):
        write_lora(folder / f"lora-{seed}", tiny, seed=seed, rank=1 + seed, text=False)
    for seed in range(2):
        write_dreambooth(folder / f"dream-{seed}", tiny, seed=seed)
    return folder


@pytest.fixture(scope="module")
def compiled(tiny: Path, adapters: Path) -> Iterator[tuple[Live, Graphs]]:
    graphs = Graphs()
    with serve(tiny, adapters, adapter_slots=4, max_rank=32, max_batch=2) as live:
        live.engine.compile(graphs)
        live.engine.warm_up(lambda line: None)
        yield live, graphs


def test_rows_are_filled_up_to_a_power_of_two() -> None:
    assert [bucket(rows) for rows in (1, 2, 3, 4, 5, 8, 9)] == [1, 2, 4, 4, 8, 8, 16]


def test_swaps_and_mixes_need_one_graph_for_each_number_of_rows(compiled: tuple[Live, Graphs], live: Live) -> None:
    one, graphs = compiled
    assert len(graphs) == 2
    uses = [(), *(((f"lora-{seed}", 0.5),) for seed in range(6)), (("lora-5", 1.0), ("lora-1", -1.0))]
    uses += [(("dream-0", 1.0),), (("dream-1", 1.0), ("lora-0", 1.0))]
    wishes = [
        Wish(seed=index, guidance_scale=1.0 + index % 4, sampler=("ddim", "heun")[index % 2], adapters=use, **FEW)  # type: ignore[arg-type]
        for index, use in enumerate(uses)
    ]
    one.draw_together(wishes)
    assert len(graphs) == 2
    assert difference(one.draw(wishes[0]), live.draw(wishes[0])) <= 1


def test_what_no_graph_was_made_for_is_drawn_without_one(
    compiled: tuple[Live, Graphs], tiny: Path, adapters: Path
) -> None:
    """Nobody waits for a compiler because of another size, or of an adapter that came later."""
    one, graphs = compiled
    usual = Wish(adapters=(("lora-3", 1.0),), **FEW)  # type: ignore[arg-type]
    before = one.draw(usual)
    count = len(graphs)
    write_lora(adapters / "later", tiny, seed=9, rank=RANK + 1, text=False)
    unusual = [
        Wish(size="72x64", **FEW),  # type: ignore[arg-type]
        Wish(adapters=(("later", 1.0),), **FEW),  # type: ignore[arg-type]
        Wish(adapters=(("later", 0.5), ("lora-1", 1.0)), **FEW),  # type: ignore[arg-type]
    ]
    drawn = [one.draw(wish) for wish in unusual]
    assert difference(one.draw(usual), before) == 0
    assert len(graphs) == count
    with serve(tiny, adapters, max_rank=32) as plain:
        for wish, picture in zip([*unusual, usual], [*drawn, before], strict=True):
            assert difference(picture, plain.draw(wish)) <= 1
    shutil.rmtree(adapters / "later")  # or the other test would make graphs for it


def test_graphs_are_made_for_attention_and_for_whatever_the_adapters_touch() -> None:
    wide = LowRankPair(torch.zeros(40, 1), torch.zeros(40, 1))
    lora = Lora("wide", LoraWeights(unet={"block.conv": wide}, text_encoder={}), wide.bytes)
    layers = ["block.attn1.to_q", "block.attn1.to_out.0", "block.conv", "block.ff"]
    assert usual_shapes(layers, []).layers == {"block.attn1.to_q", "block.attn1.to_out.0"}
    assert usual_shapes(layers, []).rank == RANK
    assert usual_shapes(layers, [lora]).layers == {"block.attn1.to_q", "block.attn1.to_out.0", "block.conv"}
    assert usual_shapes(layers, [lora]).rank == 40
