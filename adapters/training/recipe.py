"""A training recipe: everything that decides what comes out, as TOML. Imports no torch."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adapters.manifest import SLUG, AdapterError, Kind, Style, check_weight, faults
from engine.protocol import DEFAULT_GUIDANCE_SCALE


class RecipeError(AdapterError):
    """A recipe that cannot be used; the message names the file and the field."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Table):
    """What the manifest will say."""

    name: str = Field(pattern=SLUG, max_length=100)
    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=1000)
    trigger_words: tuple[str, ...] = ()
    """Put after every caption in training; prompts that end with them get most of the style."""
    licence: str = Field(min_length=1)
    style: Style | None = None
    """The command that will draw with it."""


class Augmentation(_Table):
    """Random changes of the pictures. Each picture is encoded once in every one of its ``variants``."""

    variants: int = Field(default=8, ge=1, le=64)
    flip: float = Field(default=0.0, ge=0, le=1)
    """Probability of a horizontal flip."""
    smallest_crop: float = Field(default=1.0, gt=0, le=1)
    """A random part of the picture, at least this share of its area, is resized to the resolution."""
    brightness: float = Field(default=0.0, ge=0, lt=1)
    contrast: float = Field(default=0.0, ge=0, lt=1)
    saturation: float = Field(default=0.0, ge=0, lt=1)
    """Colour jitter: factors are drawn from 1 - value to 1 + value."""


class Data(_Table):
    """The pictures: a folder with ``captions.csv``, columns ``file``, ``caption`` and perhaps ``split``."""

    folder: Path
    """Relative to the recipe."""
    resolution: int | None = Field(default=None, ge=32, le=2048, multiple_of=8)
    """Side of the pictures; that of the base model's own where it is left out."""
    limit: int | None = Field(default=None, ge=1)
    """Train on the first so many pictures only."""
    augmentation: Augmentation | None = None


class Lora(_Table):
    """Low-rank matrices beside the attention layers; scaled by 1 (alpha equals the rank)."""

    rank: int = Field(ge=1, le=1024)
    targets: tuple[str, ...] = ("to_q", "to_k", "to_v", "to_out.0")
    text_encoder: bool = False
    """Also beside the text encoder's attention."""


class Dreambooth(_Table):
    """Trains the U-Net and the text encoder whole (Ruiz et al. 2023), with prior preservation."""

    class_prompts: tuple[str, ...] = Field(min_length=1)
    """What the base model draws, in turn, and must go on drawing as it did."""
    class_pictures: int = Field(default=20, ge=0)
    """How many of them; 0 trains without prior preservation."""
    class_steps: int = Field(default=25, ge=1)
    prior_weight: float = Field(default=1.0, ge=0)
    text_l2: float = Field(default=0.0, ge=0)
    """Weight of the squared distance (summed) of the text encoder's weights from the base model's."""
    freeze_embeddings: bool = False
    """Leave the text encoder's token and position embeddings as they are, and out of the checkpoint."""


class Training(_Table):
    """The optimisation. Exactly one of ``steps`` and ``epochs`` is given."""

    steps: int | None = Field(default=None, ge=1)
    """Optimizer steps."""
    epochs: int | None = Field(default=None, ge=1)
    batch_size: int = Field(ge=1)
    gradient_accumulation: int = Field(default=1, ge=1)
    gradient_checkpointing: bool = False
    learning_rate: float = Field(gt=0)
    schedule: Literal["constant", "cosine"] = "constant"
    warmup_steps: int = Field(default=0, ge=0)
    optimizer: Literal["adamw", "adamw-8bit"] = "adamw"
    """8-bit Adam needs bitsandbytes and CUDA, and is refused elsewhere."""
    weight_decay: float = Field(default=0.01, ge=0)
    max_gradient_norm: float = Field(default=1.0, gt=0)
    precision: Literal["fp32", "fp16", "bf16"] = "fp32"
    """On CUDA; a CPU always trains in fp32."""
    min_snr_gamma: float | None = Field(default=None, gt=0)
    """Hang et al. 2023; without it every timestep weighs the same."""
    caption_dropout: float = Field(default=0.0, ge=0, le=1)
    """Share of captions replaced by the empty one, for classifier-free guidance."""
    seed: int = 777
    checkpoint_every: int = Field(default=100, ge=1)
    """Optimizer steps."""


class Samples(_Table):
    """Pictures drawn while it trains."""

    prompts: tuple[str, ...] = ()
    every: int = Field(default=100, ge=1)
    steps: int = Field(default=25, ge=1)
    guidance_scale: float = Field(default=DEFAULT_GUIDANCE_SCALE, ge=1)
    seed: int = 777


class Recipe(_Table):
    """One training run."""

    base_model: str = Field(min_length=1)
    """``nano``, a Hugging Face id or a folder in diffusers layout."""
    adapter: About
    data: Data
    lora: Lora | None = None
    dreambooth: Dreambooth | None = None
    training: Training
    samples: Samples = Samples()

    @model_validator(mode="after")
    def _one_of_each(self) -> Recipe:
        if (self.lora is None) == (self.dreambooth is None):
            raise ValueError("needs exactly one of the tables lora and dreambooth")
        if (self.training.steps is None) == (self.training.epochs is None):
            raise ValueError("training needs exactly one of steps and epochs")
        check_weight(self.kind, self.adapter.style)
        return self

    @property
    def kind(self) -> Kind:
        return "lora" if self.lora else "dreambooth"

    def steps(self, pictures: int) -> int:
        """Optimizer steps of the whole run over so many pictures."""
        if self.training.steps is not None:
            return self.training.steps
        a_step = self.training.batch_size * self.training.gradient_accumulation
        return -(-pictures * (self.training.epochs or 1) // a_step)

    def as_written(self) -> dict[str, Any]:
        """What was set, without defaults, for the manifest."""
        return self.model_dump(mode="json", exclude_unset=True)


def read_recipe(path: Path) -> Recipe:
    """The recipe in TOML file ``path``; raises RecipeError."""
    try:
        return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise RecipeError(f"{path}: {faults(error)}") from None
    except ValueError as error:
        raise RecipeError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None


def data_folder(recipe: Recipe, path: Path) -> Path:
    """Where the pictures of the recipe in file ``path`` lie."""
    return path.parent / recipe.data.folder
