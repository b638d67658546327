"""A request with every default filled in and every field checked. Imports no torch."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from engine.errors import BadRequest, NotFound
from engine.prompts.fitting import PLACE, fit_text
from engine.protocol import (
    DEFAULT_GUIDANCE_SCALE,
    DEFAULT_SAMPLER,
    DEFAULT_STEPS,
    SAMPLERS,
    SEED_MAX,
    AdapterUse,
    GenerationRequest,
    ModelInfo,
    UsedParameters,
)
from engine.sizes import Size, drawn_size, parse_size, size_text


@dataclass(frozen=True)
class ModelFacts:
    """What a request must know of the loaded model."""

    name: str
    native: int
    """Side of the native square, pixels."""
    prediction_type: str
    steps: int = DEFAULT_STEPS
    guidance: float = DEFAULT_GUIDANCE_SCALE
    sampler: str = DEFAULT_SAMPLER

    def info(self) -> ModelInfo:
        """The model as ``GET /v1/models`` lists it."""
        return ModelInfo(
            id=self.name,
            native_size=size_text((self.native, self.native)),
            prediction_type=cast(Literal["epsilon", "v_prediction", "sample"], self.prediction_type),
            default_steps=self.steps,
            default_guidance_scale=self.guidance,
            default_sampler=self.sampler,
            samplers=list(SAMPLERS),
        )


@dataclass(frozen=True)
class Plan:
    """What will be drawn: ``count`` pictures, the ``i``-th with ``seed + i`` (modulo 2**32)."""

    prompt: str
    negative_prompt: str
    count: int
    seed: int
    size: Size
    drawn: Size
    steps: int
    guidance: float
    sampler: str
    adapters: tuple[AdapterUse, ...]
    user: str
    partials: int
    frame: str = PLACE
    """What the model gets, with ``{prompt}`` in it for ``prompt``."""
    negative_frame: str = PLACE
    """What the model is led away from, with ``{prompt}`` in it for ``negative_prompt``."""
    left_out: tuple[str, str] = ("", "")
    """Ends of the prompt and of the negative prompt that the text encoder has no room for."""
    prompt_tokens: int = 0
    """Tokens of both texts as they are encoded; 0 before they were."""

    @property
    def guided(self) -> bool:
        """With guidance a picture takes two U-Net rows a step, without it one."""
        return self.guidance > 1

    def seed_of(self, index: int) -> int:
        return (self.seed + index) % (SEED_MAX + 1)

    def used(self, index: int, model: str, version: str) -> UsedParameters:
        """What the picture of that number is drawn with, by this model and version of the engine."""
        return UsedParameters(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            seed=self.seed_of(index),
            steps=self.steps,
            guidance_scale=self.guidance,
            sampler=self.sampler,
            drawn_size=size_text(self.drawn),
            size=size_text(self.size),
            adapters=list(self.adapters),
            model=model,
            version=version,
            prompt_left_out=self.left_out[0],
            negative_left_out=self.left_out[1],
            prompt_tokens=self.prompt_tokens,
        )


def make_plan(request: GenerationRequest, facts: ModelFacts) -> Plan:
    """Check ``request`` against the loaded model.

    :raises BadRequest, NotFound: naming the field and what is valid.
    """
    if request.model not in (None, facts.name):
        raise NotFound(f"The model {request.model!r} is not loaded. Loaded: {facts.name!r}.", param="model")
    if request.response_format == "url":
        raise BadRequest(
            "response_format must be 'b64_json'; this server keeps no files to link to.", param="response_format"
        )
    if request.partial_images and not request.stream:
        raise BadRequest("partial_images needs 'stream': true; without a stream it must be 0.", param="partial_images")
    size = parse_size(request.size, facts.native)
    return Plan(
        prompt=check_text(request.prompt, "prompt", needed=True),
        negative_prompt=check_text(request.negative_prompt, "negative_prompt"),
        count=request.n,
        seed=choose_seed(request.seed),
        size=size,
        drawn=drawn_size(size, facts.native),
        steps=facts.steps if request.num_inference_steps is None else request.num_inference_steps,
        guidance=facts.guidance if request.guidance_scale is None else request.guidance_scale,
        sampler=find_sampler(request.sampler) if request.sampler is not None else facts.sampler,
        adapters=check_adapters(request.adapters),
        user=request.user or "",
        partials=request.partial_images,
        frame=check_text(request.frame, "frame"),
        negative_frame=check_text(request.negative_frame, "negative_frame"),
    )


def fitted_plan(plan: Plan, tokenizer: Any) -> Plan:
    """``plan`` with its prompts as they are encoded: framed, and cut where the encoder has no room.

    A plan that was fitted before stays as it is.
    """
    prompt = fit_text(plan.prompt, plan.frame, tokenizer)
    negative = fit_text(plan.negative_prompt, plan.negative_frame, tokenizer)
    return replace(
        plan,
        prompt=prompt.text,
        negative_prompt=negative.text,
        frame=PLACE,
        negative_frame=PLACE,
        left_out=(plan.left_out[0] or prompt.left_out, plan.left_out[1] or negative.left_out),
        prompt_tokens=prompt.tokens + (negative.tokens if plan.guided else 0),
    )


def check_text(text: str, field: str, *, needed: bool = False) -> str:
    """Refuse what no tokenizer and no picture's metadata can hold."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRequest(f"{field} must be valid Unicode text without null characters.", param=field)
    if needed and not text.strip():
        raise BadRequest(f"{field} must not be empty.", param=field)
    return text


def check_adapters(uses: list[AdapterUse]) -> tuple[AdapterUse, ...]:
    """An adapter may be used once; one of weight 0 is left out."""
    names = [use.name for use in uses]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest(f"adapters must be different; used more than once: {', '.join(twice)}.", param="adapters")
    return tuple(use for use in uses if use.weight != 0)


def find_sampler(name: str) -> str:
    """The id of a sampler that is given by id or by its shown name, in any case.

    :raises BadRequest: listing the valid ids.
    """
    wanted = name.strip().lower()
    for sampler, shown in SAMPLERS.items():
        if wanted in (sampler, shown.lower()):
            return sampler
    raise BadRequest(f"Unknown sampler {name!r}. Valid: {', '.join(SAMPLERS)}.", param="sampler")


def choose_seed(seed: int | None) -> int:
    """A random one for None and -1."""
    return secrets.randbelow(SEED_MAX + 1) if seed is None or seed < 0 else seed
