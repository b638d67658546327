"""How much of everything the engine keeps room for: as the settings say, else as the card's memory allows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from engine.adapters.lora import fan
from engine.diffusion.model import Model
from engine.settings import EngineSettings
from engine.sizes import MEGABYTE

SHARES = {"rows": 0.35, "decode": 0.15, "slots": 0.15, "loras": 0.05, "waiting": 0.05, "variants": 0.15}
"""Shares of the memory that is free once the model is loaded; what is left over is for fragmentation and for others."""


@dataclass(frozen=True)
class Capacity:
    """The sizes of one engine; the defaults are those of a CPU."""

    max_batch: int = 16
    """Rows of a U-Net call."""
    adapter_slots: int = 16
    """LoRAs in a U-Net call."""
    max_queue: int = 200
    """Pictures that wait or are drawn."""
    lora_memory_mb: int = 1024
    variant_memory_mb: int = 4096
    decode_pixels: int = 256 * 256
    """Pixels of a VAE call."""


MOST = Capacity(max_batch=64, adapter_slots=64, max_queue=200, lora_memory_mb=8192, decode_pixels=16 * 768 * 768)
"""More is of no use, however large the card."""
LEAST = Capacity(2, 4, 16, 64, 0, 1)
"""Below this no request with guidance or with four adapters could be drawn."""


@dataclass(frozen=True)
class Demand:
    """What one of each takes, bytes."""

    row: int
    """Activations of one row of a U-Net call at the native size."""
    pixel: int
    """Activations of one decoded pixel."""
    slot: int
    """A LoRA of the highest rank on every layer."""
    waiting: int
    """Embeddings and latents of one picture that waits."""
    model: int
    """U-Net and text encoder, which a DreamBooth checkpoint has of its own."""


def fit(free: int, need: Demand) -> Capacity:
    """What ``free`` bytes have room for. Rows are a power of two, as compiled graphs are.

    Rows beyond the most that are of use leave their memory to DreamBooth checkpoints; these get room for one at least
    where half of the memory for rows suffices for it.
    """
    share = {name: int(free * part) for name, part in SHARES.items()}
    lacking = need.model - share["variants"]
    if 0 < lacking <= share["rows"] // 2:
        share["rows"] -= lacking
        share["variants"] += lacking
    rows = between(LEAST.max_batch, share["rows"] // need.row, MOST.max_batch)
    rows = 1 << (rows.bit_length() - 1)
    spare = max(0, share["rows"] - rows * need.row)
    return Capacity(
        max_batch=rows,
        adapter_slots=between(LEAST.adapter_slots, share["slots"] // need.slot, MOST.adapter_slots),
        max_queue=between(LEAST.max_queue, share["waiting"] // need.waiting, MOST.max_queue),
        lora_memory_mb=between(LEAST.lora_memory_mb, share["loras"] // MEGABYTE, MOST.lora_memory_mb),
        variant_memory_mb=(share["variants"] + spare) // MEGABYTE,
        decode_pixels=between(LEAST.decode_pixels, share["decode"] // need.pixel, MOST.decode_pixels),
    )


def between(least: int, wanted: int, most: int) -> int:
    return min(max(wanted, least), most)


def choose_capacity(model: Model, settings: EngineSettings) -> Capacity:
    """The settings where they say something; else the defaults on a CPU, and what fits on a card."""
    capacity = Capacity()
    if model.device.type == "cuda":
        need = measure(model, settings.max_rank)
        torch.cuda.empty_cache()
        capacity = fit(torch.cuda.mem_get_info(model.device)[0], need)
    said = {name: value for name in vars(capacity) if (value := getattr(settings, name, None)) is not None}
    return replace(capacity, **said)


@torch.inference_mode()
def measure(model: Model, max_rank: int) -> Demand:
    """Draw a step and decode a picture of the native size, and see what each takes on the card."""
    latents, times, texts = model.blank_rows(2)
    step = functools.partial(model.unet, latents, times, encoder_hidden_states=texts)
    ranks = sum(sum(fan(layer)) for layer in model.unet.modules() if isinstance(layer, nn.Linear | nn.Conv2d))
    return Demand(
        row=peak(model.device, step) // 2,
        pixel=max(1, peak(model.device, functools.partial(model.vae.decode, latents[:1])) // model.native**2),
        slot=ranks * max_rank * model.dtype.itemsize,
        waiting=texts.nbytes + 8 * latents.nbytes,
        model=sum(weight.nbytes for part in (model.unet, model.text_encoder) for weight in part.parameters()),
    )


def peak(device: torch.device, call: Callable[[], object]) -> int:
    """Bytes that ``call`` takes on a CUDA card beyond what was there before."""
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    return max(1, torch.cuda.max_memory_allocated(device) - before)
