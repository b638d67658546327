"""What travels between the bot and the engine: the OpenAI Images API and our extension fields, as typed messages.

Imports no torch, so that frontends and scripts start at once.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.prompts.fitting import PLACE
from engine.samplers import table

STEPS = (1, 100)
"""Denoising steps: fewest and most."""
GUIDANCE_SCALE = (1.0, 30.0)
"""Classifier-free guidance scale: lowest (no guidance, one row a step) and highest."""
COUNT = (1, 10)
"""Pictures of one request (``n`` in the OpenAI API)."""
SEED_MAX = 2**32 - 1
"""Seeds run from 0 to this; picture ``i`` of a request is drawn with ``seed + i``."""
PROMPT_MAX = 4000
"""Characters of a prompt or a negative prompt."""
SIDE = (64, 2048)
"""Pixels of a picture's side: smallest and largest. Both sides are multiples of 8."""
ADAPTERS_MAX = 4
"""Adapters in one request."""
WEIGHT = (-2.0, 2.0)
"""Weight of one adapter."""
PARTIALS_MAX = 10
"""Partial pictures of one stream."""
FRAME_MAX = 1000
"""Characters of the text around a prompt."""

SAMPLERS: dict[str, str] = {sampler.id: sampler.label for sampler in table.SAMPLERS.values()}
"""Sampler ids and the names that other software shows and reads. Requests may use either, in any case."""
DEFAULT_STEPS = 25
"""Denoising steps of a request that names none."""
DEFAULT_GUIDANCE_SCALE = 7.5
"""Guidance scale of a request that names none."""
DEFAULT_SAMPLER = "dpm++-2m"
"""Sampler of a request that names none."""


class AdapterUse(BaseModel):
    """An adapter by its registry name (never a path) and its weight; 1.0 is as trained."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    weight: float = Field(default=1.0, ge=WEIGHT[0], le=WEIGHT[1])


class GenerationRequest(BaseModel):
    """Body of ``POST /v1/images/generations``; the first block is OpenAI's, the second is ours.

    ``size`` is ``WIDTHxHEIGHT`` or ``auto``. The model draws at a resolution that it knows, with that aspect; the
    picture is enlarged (Lanczos) when more was asked. ``None`` means the model's default.
    """

    model_config = ConfigDict(extra="ignore")

    prompt: str = Field(min_length=1, max_length=PROMPT_MAX)
    model: str | None = None
    n: int = Field(default=1, ge=COUNT[0], le=COUNT[1])
    size: str | None = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Literal["png"] | None = None
    stream: bool = False
    partial_images: int = Field(default=0, ge=0, le=PARTIALS_MAX)
    user: str | None = Field(default=None, max_length=200)

    negative_prompt: str = Field(default="", max_length=PROMPT_MAX)
    frame: str = Field(default=PLACE, max_length=FRAME_MAX, pattern=r"\{prompt\}")
    """What the model gets, with ``{prompt}`` in it for ``prompt``. Where both together are longer than the text encoder
    reads, the end of ``prompt`` is left out, never a word of the frame."""
    negative_frame: str = Field(default=PLACE, max_length=FRAME_MAX, pattern=r"\{prompt\}")
    """The frame of ``negative_prompt``."""
    seed: int | None = Field(default=None, ge=-1, le=SEED_MAX)
    guidance_scale: float | None = Field(default=None, ge=GUIDANCE_SCALE[0], le=GUIDANCE_SCALE[1])
    num_inference_steps: int | None = Field(default=None, ge=STEPS[0], le=STEPS[1])
    sampler: str | None = None
    adapters: list[AdapterUse] = Field(default_factory=list, max_length=ADAPTERS_MAX)
    progress: bool = False
    """With ``stream``: also send ``image_generation.progress`` events (see ``ProgressEvent``)."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        """A field that is null counts as left out, as in the OpenAI API."""
        return {key: value for key, value in given.items() if value is not None} if isinstance(given, dict) else given


class Usage(BaseModel):
    """Required by the OpenAI client; ``output_tokens`` counts U-Net rows, the unit in which our work is paid."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_details: dict[str, int] = Field(default_factory=lambda: {"image_tokens": 0, "text_tokens": 0})


class UsedParameters(BaseModel):
    """What one picture was drawn with, every default filled in; the text in its PNG is made from this."""

    prompt: str
    negative_prompt: str = ""
    seed: int
    steps: int
    guidance_scale: float
    sampler: str
    """An id of ``SAMPLERS``."""
    drawn_size: str
    """``WIDTHxHEIGHT``, pixels that the model drew."""
    size: str
    """``WIDTHxHEIGHT``, pixels of the picture; other than ``drawn_size`` where it was enlarged."""
    adapters: list[AdapterUse] = Field(default_factory=list)
    """Those that were really applied; none is the base model alone."""
    model: str
    version: str
    """Version of the engine."""
    prompt_left_out: str = ""
    """End of the prompt that the text encoder had no room for."""
    negative_left_out: str = ""
    """End of the negative prompt that the text encoder had no room for."""
    prompt_tokens: int = 0
    """Tokens of both prompts as they were encoded."""


class PictureData(BaseModel):
    """One finished picture."""

    b64_json: str
    revised_prompt: str | None = None
    seed: int
    parameters: str
    """The text of the PNG's ``parameters`` chunk (AUTOMATIC1111's format)."""
    used: UsedParameters


class GenerationResponse(BaseModel):
    """Answer of ``POST /v1/images/generations`` without ``stream``."""

    created: int
    data: list[PictureData]
    background: str = "opaque"
    output_format: str = "png"
    quality: str = "auto"
    size: str = "auto"
    usage: Usage = Field(default_factory=Usage)


class _ImageEvent(BaseModel):
    b64_json: str
    created_at: int
    size: str
    quality: str = "auto"
    background: str = "opaque"
    output_format: str = "png"
    image_index: int = 0
    """Which of the request's ``n`` pictures."""


class PartialImageEvent(_ImageEvent):
    """A picture of the step it was taken at."""

    type: Literal["image_generation.partial_image"] = "image_generation.partial_image"
    partial_image_index: int
    step: int
    steps: int


class CompletedEvent(_ImageEvent):
    """A finished picture; a stream has one for each of the ``n``, and ends after the last."""

    type: Literal["image_generation.completed"] = "image_generation.completed"
    usage: Usage
    seed: int
    parameters: str
    used: UsedParameters


class ProgressEvent(BaseModel):
    """Where the request stands; sent on every change, at most a few a second."""

    type: Literal["image_generation.progress"] = "image_generation.progress"
    request_id: str
    state: Literal["queued", "drawing"]
    position: int = 0
    """Requests ahead of this one; 0 while drawing."""
    eta_seconds: float | None = None
    """Expected seconds until the last picture (median); None where nothing was measured yet."""
    eta_p90_seconds: float | None = None
    """Expected seconds until the last picture, the 90th percentile; None where nothing was measured yet."""
    step: int = 0
    steps: int = 0


class ModelInfo(BaseModel):
    """An entry of ``GET /v1/models``: OpenAI's four fields, then ours."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "sanggar"
    native_size: str
    prediction_type: Literal["epsilon", "v_prediction", "sample"]
    default_steps: int
    default_guidance_scale: float
    default_sampler: str
    samplers: list[str]


class StyleInfo(BaseModel):
    """The command that an adapter declares."""

    command: str = Field(pattern=r"^[a-z0-9_]{1,32}$")
    """What members type, without the slash."""
    frame: str = Field(max_length=FRAME_MAX)
    """The prompt that the model gets, with ``{prompt}`` in it for what was typed."""
    weight: float = Field(ge=0, le=WEIGHT[1])
    """The weight this adapter is meant to be used at; 1.0 is as trained."""
    description: str = Field(min_length=1, max_length=100)
    """What the command's help says."""


class AdapterInfo(BaseModel):
    """An entry of ``GET /v1/adapters``."""

    name: str
    kind: Literal["lora", "dreambooth"] | None = None
    """None, and the following fields empty, if its folder is broken, for the reason that ``reason`` has."""
    base_model: str = ""
    prediction_type: str = ""
    title: str = ""
    description: str = ""
    trigger_words: list[str] = Field(default_factory=list)
    rank: int | None = None
    sha256: str = ""
    style: StyleInfo | None = None
    usable: bool
    """False if it does not fit the loaded model, or its folder is broken."""
    reason: str = ""
    """Why it is not usable."""
    loaded: bool = False
    """Whether its weights are in memory, ready to be drawn with."""
    pinned: bool = False
    """Whether they stay there until they are unloaded."""
    bytes: int = 0
    """What they take in memory."""


class AdapterList(BaseModel):
    object: Literal["list"] = "list"
    data: list[AdapterInfo]


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[ModelInfo]


class Health(BaseModel):
    """Answer of ``GET /health``, the one path that needs no key."""

    status: Literal["ready", "loading", "stopping"]
    model: str
    version: str
