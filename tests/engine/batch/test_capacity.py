"""What a card's memory has room for, and that the settings have the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.batch import capacity
from engine.batch.capacity import LEAST, MOST, Capacity, Demand, choose_capacity, fit
from engine.diffusion.model import load_model
from engine.sizes import MEGABYTE
from tests.kit.settings import engine_settings

GIGABYTE = 1 << 30
SD21 = Demand(row=150 * MEGABYTE, pixel=4000, slot=200 * MEGABYTE, waiting=MEGABYTE, model=2400 * MEGABYTE)
"""About what Stable Diffusion 2.1 takes in half precision."""
sizes = st.integers(1, 4 * GIGABYTE)


def taken(room: Capacity, need: Demand) -> int:
    """Bytes of everything at once."""
    lists = (room.lora_memory_mb + room.variant_memory_mb) * MEGABYTE
    work = room.max_batch * need.row + room.decode_pixels * need.pixel
    return lists + work + room.adapter_slots * need.slot + room.max_queue * need.waiting


@given(
    st.integers(16 * GIGABYTE, 200 * GIGABYTE),
    st.builds(
        Demand,
        row=st.integers(1, GIGABYTE),
        pixel=st.integers(1, 10_000),
        slot=st.integers(1, GIGABYTE // 2),
        waiting=st.integers(1, 10 * MEGABYTE),
        model=sizes,
    ),
)
def test_everything_at_once_fits(free: int, need: Demand) -> None:
    room = fit(free, need)
    assert taken(room, need) <= free
    assert room.max_batch & (room.max_batch - 1) == 0


@given(st.integers(0, 200 * GIGABYTE), st.integers(0, 200 * GIGABYTE))
def test_more_memory_is_never_less_room(one: int, other: int) -> None:
    small, large = (fit(free, SD21) for free in sorted((one, other)))
    assert small.adapter_slots <= large.adapter_slots
    assert small.decode_pixels <= large.decode_pixels
    assert small.lora_memory_mb <= large.lora_memory_mb


def test_a_small_card_still_draws() -> None:
    assert fit(0, SD21) == LEAST


def test_a_large_card_takes_no_more_than_is_of_use() -> None:
    room = fit(10_000 * GIGABYTE, SD21)
    assert replace(room, variant_memory_mb=0) == replace(MOST, variant_memory_mb=0)
    assert room.variant_memory_mb > 1_000_000


@pytest.mark.parametrize(("gigabytes", "rows", "checkpoints"), [(6, 8, 0), (12, 16, 1), (22, 32, 2), (76, 64, 12)])
def test_what_usual_cards_hold_of_stable_diffusion(gigabytes: int, rows: int, checkpoints: int) -> None:
    room = fit(gigabytes * GIGABYTE, SD21)
    assert room.max_batch == rows
    assert room.variant_memory_mb * MEGABYTE // SD21.model == checkpoints


def test_a_step_and_a_decoded_picture_are_measured(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def peak(device: torch.device, call: Callable[[], Any]) -> int:
        shapes.append(tuple(call().sample.shape))
        return 3 * 64 * 64

    monkeypatch.setattr(capacity, "peak", peak)
    need = capacity.measure(load_model(str(tiny), "cpu"), max_rank=8)
    assert shapes == [(2, 4, 16, 16), (1, 3, 64, 64)]
    assert (need.row, need.pixel) == (3 * 64 * 64 // 2, 3)
    assert 0 < need.slot < need.model
    assert need.waiting > 0


def test_the_settings_win_and_a_cpu_has_the_defaults(tiny: Path) -> None:
    model = load_model(str(tiny), "cpu")
    settings = engine_settings(max_batch=6, variant_memory_mb=0)
    assert choose_capacity(model, settings) == Capacity(max_batch=6, variant_memory_mb=0)
