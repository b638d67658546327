"""Both sides of the engine's benchmark: today's way and ours, on the same weights."""

from __future__ import annotations

import copy
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from adapters.manifest import Manifest
from adapters.registry import LORA_FILE, Registry, hash_files
from engine.batch.active_request import ActiveRequest
from engine.batch.engine import Engine
from engine.batch.events import LAST, Done, Event, Finished
from engine.diffusion.model import Model
from engine.plan import make_plan
from engine.protocol import DEFAULT_GUIDANCE_SCALE, DEFAULT_SAMPLER, AdapterUse, GenerationRequest
from engine.samplers.sampling import build_sampler
from engine.settings import EngineSettings

LAYERS = (".to_q", ".to_k", ".to_v", ".to_out.0")


@dataclass(frozen=True)
class Request:
    """One picture; ``at`` is when it arrives, seconds after the start."""

    prompt: str
    seed: int
    steps: int = 20
    guidance: float = DEFAULT_GUIDANCE_SCALE
    adapter: str | None = None
    at: float = 0.0
    sampler: str = DEFAULT_SAMPLER

    @property
    def user(self) -> str:
        return f"user {self.seed}"


@dataclass
class Outcome:
    """When each request was answered, seconds after the start, in the order of the requests."""

    finished: list[float]
    failures: int = 0
    waits: list[float] = field(default_factory=list)
    pngs: list[bytes | None] = field(default_factory=list)
    """The engine's pictures; None where it failed."""

    @property
    def seconds(self) -> float:
        return max(self.finished)


class Today:
    """One pipeline, ``set_adapters`` for each request, first come first served."""

    def __init__(self, model: Model, folder: Path, adapters: Sequence[str]) -> None:
        self._pipeline: Any = StableDiffusionPipeline(
            vae=model.vae,
            text_encoder=copy.deepcopy(model.text_encoder),
            tokenizer=model.tokenizer,
            unet=copy.deepcopy(model.unet).to(memory_format=torch.contiguous_format),
            scheduler=build_sampler(DEFAULT_SAMPLER, model.noise_schedule, 0),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        self._pipeline.set_progress_bar_config(disable=True)
        self._noise_schedule = model.noise_schedule
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`")  # that is what two adapters are
            for name in adapters:
                self._pipeline.load_lora_weights(folder / name, adapter_name=name)

    def compile(self, backend: str) -> None:
        """Compile the U-Net in place, for one shape after the other."""
        self._pipeline.unet.compile(backend=backend, dynamic=False)

    def draw(self, request: Request) -> Image.Image:
        """The picture, as an application draws it that has one pipeline."""
        if request.adapter:
            self._pipeline.enable_lora()
            self._pipeline.set_adapters([request.adapter], [1.0])
        elif self._pipeline.get_list_adapters():
            self._pipeline.disable_lora()
        self._pipeline.scheduler = build_sampler(request.sampler, self._noise_schedule, request.seed)
        drawn = self._pipeline(
            request.prompt,
            guidance_scale=request.guidance,
            num_inference_steps=request.steps,
            generator=torch.Generator("cpu").manual_seed(request.seed),
        )
        picture: Image.Image = drawn.images[0]
        return picture

    def serve(self, requests: Sequence[Request]) -> Outcome:
        """Every request is drawn and timed; a request that arrives later waits by the clock of those times."""
        clock, finished = 0.0, []
        for request in requests:
            begun = time.perf_counter()
            self.draw(request)
            clock = max(clock, request.at) + time.perf_counter() - begun
            finished.append(clock)
        return Outcome(finished, waits=[end - request.at for end, request in zip(finished, requests, strict=True)])


class Ours:
    """The engine, in this process, without its HTTP server."""

    def __init__(self, model: Model, folder: Path, **settings: Any) -> None:
        told = EngineSettings(_env_file=None, max_queue=1000, **settings)  # type: ignore[call-arg]
        self.engine = Engine(model, told, Registry([folder]))
        self.engine.start()

    @property
    def swaps(self) -> float:
        """Adapters that were written into a slot."""
        return self._counted("sanggar_slot_swaps_total")

    @property
    def calls(self) -> float:
        """U-Net calls."""
        return self._counted("sanggar_step_rows_count")

    @property
    def rows(self) -> float:
        """Rows of all U-Net calls."""
        return self._counted("sanggar_step_rows_sum")

    def _counted(self, name: str) -> float:
        return self.engine.metrics.registry.get_sample_value(name) or 0.0

    def serve(self, requests: Sequence[Request]) -> Outcome:
        """Requests arrive when they say; returns when the last one is answered."""
        waiting = [_Waiting(request) for request in requests]
        begun = time.perf_counter()
        for one in sorted(waiting, key=lambda one: one.request.at):
            time.sleep(max(0.0, begun + one.request.at - time.perf_counter()))
            self.engine.submit(one.job(self.engine))
        for one in waiting:
            one.answered.wait()
        finished = [one.at - begun for one in waiting]
        failures = sum(not isinstance(one.last, Done) for one in waiting)
        waits = [end - request.at for end, request in zip(finished, requests, strict=True)]
        return Outcome(finished, failures, waits, [one.png for one in waiting])


class _Waiting:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.answered = threading.Event()
        self.at = 0.0
        self.png: bytes | None = None
        self.last: Event | None = None

    def job(self, engine: Engine) -> ActiveRequest:
        request = self.request
        body = GenerationRequest(
            prompt=request.prompt,
            seed=request.seed,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            sampler=request.sampler,
            user=request.user,
            adapters=[AdapterUse(name=request.adapter)] if request.adapter else [],
        )
        return ActiveRequest(f"{request.seed}-{id(self)}", make_plan(body, engine.facts), self._take)

    def _take(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.png = event.png
        if isinstance(event, LAST):
            self.at, self.last = time.perf_counter(), event
            self.answered.set()


def write_loras(folder: Path, model: Model, count: int, rank: int = 8) -> list[str]:
    """LoRAs with random weights on every attention layer; their names."""
    names = [f"random-{index:02}" for index in range(count)]
    for index, name in enumerate(names):
        generator = torch.Generator().manual_seed(index)
        tensors = {}
        for layer, module in model.unet.named_modules():
            if isinstance(module, nn.Linear) and layer.endswith(LAYERS):
                down = torch.randn(rank, module.in_features, generator=generator) / module.in_features**0.5
                tensors[f"unet.{layer}.lora_A.weight"] = down
                tensors[f"unet.{layer}.lora_B.weight"] = 0.05 * torch.randn(
                    module.out_features, rank, generator=generator
                )
        (folder / name).mkdir(parents=True)
        save_file(tensors, folder / name / LORA_FILE)
        Manifest(
            name=name,
            title=name,
            kind="lora",
            base_model=model.name,
            prediction_type=model.prediction_type,  # type: ignore[arg-type]
            rank=rank,
            sha256=hash_files([folder / name / LORA_FILE]),
            licence="CC0-1.0",
        ).write(folder / name / "manifest.json")
    return names
