"""What a run trains on as text: captions with the trigger words, and what its owner should know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from adapters.captions import DataError
from adapters.preparation.reading import read_size
from adapters.training.data import Example
from engine.prompts.fitting import PLACE, FittedText, fit_text

SHOWN = 5
"""Files that a remark names."""


def with_triggers(caption: str, triggers: Sequence[str], tokenizer: Any) -> FittedText:
    """The caption, cut if it is too long for the text encoder, and all trigger words after it."""
    return fit_text(caption, ", ".join(filter(None, (caption.strip() and PLACE, *triggers))), tokenizer)


def prompted(
    examples: Sequence[Example], triggers: Sequence[str], tokenizer: Any
) -> tuple[list[Example], tuple[str, ...]]:
    """The examples with the prompts that they are trained on, and remarks on captions that are missing or cut."""
    fitted = [with_triggers(example.caption, triggers, tokenizer) for example in examples]
    remarks = []
    if bare := [example.file.name for example in examples if not example.caption.strip()]:
        instead = "the trigger words alone" if triggers else "an empty prompt, for there are no trigger words either"
        remarks.append(f"{_count(bare, examples)} have no caption and are trained on with {instead}: {_names(bare)}")
    if cut := [one.file.name for one, text in zip(examples, fitted, strict=True) if text.left_out]:
        said = "have captions that are longer than the text encoder reads, whose ends are left out"
        remarks.append(f"{_count(cut, examples)} {said}: {_names(cut)}")
    made = [replace(example, caption=text.text) for example, text in zip(examples, fitted, strict=True)]
    return made, tuple(remarks)


def enlarged(examples: Sequence[Example], resolution: int) -> tuple[str, ...]:
    """A remark on pictures that are smaller than the resolution. Raises DataError if all are."""
    sizes = {example.file.name: read_size(example.file) for example in examples}
    small = [name for name, size in sizes.items() if min(size) < resolution]
    if not small:
        return ()
    width, height = sizes[small[0]]
    said = f"smaller than the {resolution}x{resolution} that they are trained at, as {small[0]} of {width}x{height}"
    advice = f"prepare them with --resolution {resolution}, or set data.resolution to what they have"
    if len(small) == len(examples):
        raise DataError(f"{examples[0].file.parent}: all pictures are {said}; {advice}")
    return (f"{_count(small, examples)} are {said}, and are enlarged; {advice}",)


def prompts_by_file(examples: Sequence[Example]) -> dict[str, str]:
    """What a checkpoint keeps of the captions."""
    return {example.file.name: example.caption for example in examples}


def changed_since(before: Mapping[str, str] | None, examples: Sequence[Example]) -> tuple[str, ...]:
    """A remark on captions and pictures that are others than when the run was saved, if that is known."""
    now = prompts_by_file(examples)
    if before is None or before == now:
        return ()
    changed = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    said = f"captions or pictures have changed since the run was saved, {len(changed)} in all"
    return (f"{said}: {_names(changed)}; it goes on with those of now",)


def _count(some: Sequence[str], examples: Sequence[Example]) -> str:
    return f"{len(some)} of {len(examples)} pictures"


def _names(files: Sequence[str]) -> str:
    return ", ".join(files[:SHOWN]) + (f" and {len(files) - SHOWN} more" if len(files) > SHOWN else "")
