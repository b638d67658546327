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


def random_sd21() -> Model:
    """Stable Diffusion 2.1-base at full size with random weights; speed does not depend on the values."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    unet = UNet2DConditionModel(
        sample_size=64, cross_attention_dim=1024, attention_head_dim=(5, 10, 20, 20), use_linear_projection=True
    )
    wide = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, sample_size=768, **wide
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=1024, intermediate_size=4096, num_hidden_layers=23, num_attention_heads=16, hidden_act="gelu"
        )
    )
    for part in (unet, vae, text):
        part.to(device, dtype).eval().requires_grad_(False)
    unet.to(memory_format=torch.channels_last)
    schedule = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False)
    tokenizer = load_model("nano", "cpu").tokenizer
    return Model("sd21-random", tokenizer, text, unet, vae, dict(schedule.config), device, dtype)


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
