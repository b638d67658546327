"""What an adapter says of itself: ``manifest.json`` beside its weights. Imports no torch.

::

    AdapterError          anything wrong with an adapter; the message is for the person who runs Sanggar
    ├── ManifestError     the manifest cannot be read; names the file and the field
    ├── BrokenAdapter     the weights are missing, truncated or not those of the manifest
    └── UnknownAdapter    no adapter of that name; lists those there are
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

MANIFEST = "manifest.json"
SLUG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"
"""Names: lower-case letters and digits in groups joined by one of ``- _ .``; safe as a folder and in a URL."""
PROMPT = "{prompt}"
"""Where a frame has what the member typed."""
FRAME_MAX = 1000
"""Characters of a frame."""
RESERVED = frozenset(
    {"adapter", "cancel", "draw", "exit", "help", "imagine", "quit", "quota", "start"}
    | {"bantuan", "batal", "gambar", "kuota"}
)
"""Commands of the chats that are none of a style."""

Kind = Literal["lora", "dreambooth"]
PredictionType = Literal["epsilon", "v_prediction", "sample"]


class AdapterError(Exception):
    """The root of what can go wrong with adapters."""


class ManifestError(AdapterError):
    """A manifest that cannot be read."""


class BrokenAdapter(AdapterError):
    """Weights that are missing, truncated or not the ones that the manifest names."""


class UnknownAdapter(AdapterError):
    """No adapter of that name."""


def _command(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise ValueError(f"{name!r} cannot be a command: 1 to 32 of a-z, 0-9 and _ are what Discord and Telegram take")
    if name in RESERVED:
        raise ValueError(f"/{name} is a command of the bot already: choose another name")
    return name


def _frame(text: str) -> str:
    if text.count(PROMPT) != 1:
        raise ValueError(f"{text!r} must hold {PROMPT} once, where the member's words go")
    return text


class Style(BaseModel):
    """The command that draws with an adapter, where the adapter fits the loaded model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: Annotated[str, AfterValidator(_command)]
    """What members type, without the slash."""
    frame: Annotated[str, AfterValidator(_frame)] | None = Field(default=None, max_length=FRAME_MAX)
    """The prompt that the model gets; None is ``Manifest.frame``'s."""
    weight: float = Field(default=1.0, ge=0, le=2)
    """The weight that the adapter is drawn with; 1 is as trained."""
    description: str = Field(default="", max_length=100)
    """What the command's help says; the adapter's title where it is empty."""


class Manifest(BaseModel):
    """One adapter, described. Adapters never change, so neither does this."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=SLUG, max_length=100)
    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=1000)
    kind: Kind
    base_model: str = Field(min_length=1)
    """``nano``, or a Hugging Face id."""
    prediction_type: PredictionType
    rank: int | None = Field(default=None, ge=1, le=1024)
    """Rank of a LoRA; None for DreamBooth."""
    trigger_words: tuple[str, ...] = ()
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the weights: the LoRA's file, or all component files one after the other in order of their paths."""
    licence: str = Field(min_length=1)
    """An SPDX expression."""
    style: Style | None = None
    recipe: dict[str, Any] | None = None
    """The training recipe that made it, as it was read."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Manifest:
        if (self.rank is None) == (self.kind == "lora"):
            raise ValueError("a LoRA needs its rank" if self.kind == "lora" else "DreamBooth has no rank")
        check_weight(self.kind, self.style)
        if len(self.frame) > FRAME_MAX:
            raise ValueError(f"the prompt with the trigger words is over {FRAME_MAX} characters long: shorten them")
        return self

    @property
    def frame(self) -> str:
        """The style's frame; the member's words and the trigger words where it says none."""
        return (self.style and self.style.frame) or ", ".join((PROMPT, *self.trigger_words))

    def write(self, path: Path) -> None:
        """Writes the manifest as JSON, fields in the order above."""
        path.write_text(json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> Manifest:
    """The manifest in file ``path``; raises ManifestError."""
    try:
        return Manifest.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        raise ManifestError(f"{path}: {faults(error)}") from None
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: not JSON: {error}") from None
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from None


def faults(error: ValidationError) -> str:
    """The fields that are wrong, and why, in a line."""
    lines = [(*map(str, fault["loc"]), fault["msg"].removeprefix("Value error, ")) for fault in error.errors()]
    return "; ".join(f"{'.'.join(field)}: {said}" if field else said for *field, said in lines)


def check_weight(kind: Kind, style: Style | None) -> None:
    """Raises ValueError: only a LoRA can be drawn with at less or more than it was trained."""
    if kind == "dreambooth" and style and style.weight != 1:
        raise ValueError("DreamBooth is a whole model: the weight of its style must be 1")


def model_name(id: str) -> str:
    """The last part of a model's id, in lower case: mirrors and local copies of a repository are one model."""
    return id.rstrip("/").rsplit("/")[-1].lower()
