"""Captions by BLIP (Li et al. 2022) for the pictures that have none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from transformers import BlipForConditionalGeneration, BlipProcessor

from adapters.captions import read_rows, write_rows
from adapters.cli.output import tracked
from adapters.manifest import AdapterError
from adapters.preparation.reading import read_picture
from engine.hub import ENDPOINT, only_local

BLIP = "Salesforce/blip-image-captioning-base"
LONGEST = 40
"""Tokens of a caption."""


class Captioner:
    """BLIP from the hub or a local folder, on the GPU where there is one. Raises AdapterError where it is not there."""

    def __init__(self, model: str = BLIP) -> None:
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        local = {"local_files_only": only_local(model)}
        try:
            self._processor: BlipProcessor = BlipProcessor.from_pretrained(model, **local)
            self._model = BlipForConditionalGeneration.from_pretrained(model, **local).eval().to(self._device)
        except (OSError, ValueError):
            raise AdapterError(
                f"{model}: no BLIP in a folder of this name, and none to be had from Hugging Face ({ENDPOINT}); "
                "captions may also be written by hand into captions.csv"
            ) from None

    def caption(self, file: Path) -> str:
        """What BLIP sees in the picture."""
        inputs = self._processor(images=read_picture(file), return_tensors="pt").to(self._device)
        with torch.no_grad():
            tokens = self._model.generate(**inputs, max_new_tokens=LONGEST, do_sample=False)
        said: str = self._processor.decode(tokens[0], skip_special_tokens=True)
        return " ".join(said.split())


def fill_captions(folder: Path, caption: Callable[[Path], str], *, anew: bool = False) -> None:
    """Gives a caption to each picture of the data set that has none, or to all.

    Each is written to ``captions.csv`` at once, so that one who stops half-way loses nothing.
    """
    rows = read_rows(folder)
    wanting = [number for number, row in enumerate(rows) if anew or not row.caption]
    for number in tracked(wanting, "captioning"):
        rows[number] = replace(rows[number], caption=caption(folder / rows[number].file))
        write_rows(folder, rows)
