"""The engine against today's way: one diffusers pipeline, ``set_adapters`` per request, first come first served.

``python benchmarks/engine.py [--model nano|sd21-random|FOLDER] [--json FILE] [--plot FILE] [--only CASE]``

Both sides run in one process, on the same weights and requests. A ratio is ours to theirs for times and waits, and
theirs to ours for speeds: ``mixed_throughput_ratio`` and ``heterogeneous_speed_ratio`` are better above 1, the others
better below.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from rich.console import Console
from rich.table import Table
from transformers import CLIPTextConfig, CLIPTextModel

from benchmarks import engine_cases as cases
from benchmarks.contenders import Ours, Request, Today, write_loras
from engine.diffusion.model import Model, load_model

TARGETS = {
    "mixed_throughput_ratio": ">= 1.5",
    "short_wait_p90_ratio": "<= 0.4",
    "heterogeneous_speed_ratio": ">= 0.85",
    "lone_request_ratio": "<= 1.05",
    "swap_failures": "== 0",
    "swap_memory_growth": "<= 0.02",
    "recompiles": "== 0",
}
CASES = ("mixed", "short", "heterogeneous", "lone", "swaps", "recompiles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="nano", help="nano, sd21-random (full size, random weights), a folder or id")
    parser.add_argument("--json", type=Path, help="write every figure and the raw times to this file")
    parser.add_argument("--plot", type=Path, help="draw the ratios into this file")
    parser.add_argument("--only", choices=CASES, action="append", help="run only this case; may be repeated")
    parser.add_argument("--threads", type=int, default=0, help="threads of torch; 0 leaves its default")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    figures = measure(options.model, options.only or CASES)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if options.plot:
        plot(figures, options.plot)


def measure(name: str, chosen: Sequence[str]) -> dict[str, Any]:
    """Every figure of the chosen cases."""
    model = random_sd21() if name == "sd21-random" else load_model(name)
    figures: dict[str, Any] = {"environment": environment(model), "case_seconds": {}}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        adapters = write_loras(folder, model, 40)
        today = Today(model, folder, adapters[:3])
        ours = Ours(model, folder)
        warm = [Request("a fox", seed, 2, adapter=adapter) for seed, adapter in enumerate([None, *adapters[:3]])]
        for side in (today, ours):
            side.serve(warm)
        runs = {
            "mixed": lambda: cases.mixed_throughput(today, ours, adapters),
            "short": lambda: cases.short_waits(today, ours, adapters),
            "heterogeneous": lambda: cases.heterogeneous_speed(ours, adapters),
            "lone": lambda: cases.lone_request(today, ours),
            "swaps": lambda: cases.swaps(ours, adapters),
            "recompiles": lambda: cases.recompiles(model, folder, adapters),
        }
        for case in [case for case in CASES if case in chosen]:
            print(f"{case} ... ", end="", file=sys.stderr, flush=True)
            begun = time.perf_counter()
            figures |= runs[case]()
            figures["case_seconds"][case] = seconds = time.perf_counter() - begun
            print(f"{seconds:.0f} s", file=sys.stderr, flush=True)
        ours.engine.stop()
    return figures


def environment(model: Model) -> dict[str, Any]:
    """Where the figures were taken."""
    card = torch.cuda.get_device_name() if model.device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "model": model.name,
        "device": card,
        "dtype": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }


def random_sd21(width: int = 320, side: int = 64) -> Model:
    """Stable Diffusion 2.1-base with random weights; speed does not depend on the values.

    320 channels and latents of 64x64 are its full size; a rehearsal has less.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    tokenizer = load_model("nano", "cpu").tokenizer
    with device:  # random numbers for a milliard of weights take a CPU long
        parts = [build(width, side) for build in (_random_unet, _random_vae, _random_text_encoder)]
    unet, vae, text = (part.to(device, dtype).eval().requires_grad_(False) for part in parts)
    unet.to(memory_format=torch.channels_last)
    schedule = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1
    )
    name = "sd21-random"
    return Model(name, tokenizer, text, unet, vae, dict(schedule.config), device, dtype, source=name)


def _random_unet(width: int, side: int) -> Any:
    return UNet2DConditionModel(
        sample_size=side,
        block_out_channels=(width, 2 * width, 4 * width, 4 * width),
        cross_attention_dim=_text_width(width),
        attention_head_dim=tuple(channels // 64 for channels in (width, 2 * width, 4 * width, 4 * width)),
        use_linear_projection=True,
    )


def _random_vae(width: int, side: int) -> Any:
    narrow = max(32, width * 2 // 5)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(narrow, 2 * narrow, 4 * narrow, 4 * narrow),
        layers_per_block=2,
        sample_size=8 * side,
    )


def _random_text_encoder(width: int, side: int) -> Any:
    hidden = _text_width(width)
    sizes = {"hidden_size": hidden, "intermediate_size": 4 * hidden, "num_attention_heads": hidden // 64}
    return CLIPTextModel(CLIPTextConfig(num_hidden_layers=23, hidden_act="gelu", **sizes))


def _text_width(width: int) -> int:
    """1024 for the full size; always a multiple of the 64 channels of a head."""
    return max(64, width * 16 // 5 // 64 * 64)


def show(figures: dict[str, Any]) -> None:
    table = Table("figure", "measured", "target", title="The engine against today's way")
    for key, target in TARGETS.items():
        if key in figures:
            table.add_row(key, f"{figures[key]:.3f}", target)
    Console().print(table)


def plot(figures: dict[str, Any], file: Path) -> None:
    """The waits of the short requests on both sides, and the ratios."""
    import matplotlib.pyplot as plt  # noqa: PLC0415

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for side in ("today", "ours"):
        left.plot(sorted(figures.get(f"short_waits_{side}", [])), label=side)
    left.set(title="Wait of 10-step requests among 50-step ones", xlabel="request, by wait", ylabel="seconds")
    left.legend()
    ratios = [key for key in TARGETS if key in figures and "ratio" in key]
    right.barh(ratios, [figures[key] for key in ratios])
    right.axvline(1, color="grey")
    right.set(title="Ratios")
    figure.tight_layout()
    figure.savefig(file)
