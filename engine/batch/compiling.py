"""What the compiled U-Net is made for: the shapes of every call that it serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from engine.adapters.cache import AdapterCache
from engine.adapters.slots import Shapes
from engine.adapters.weights import Lora
from engine.errors import EngineError
from engine.protocol import ADAPTERS_MAX, AdapterUse

ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0")
RANK = 16
"""Most LoRAs touch the attention layers with no higher rank than this; there is room for such a one in any case."""


def usual_shapes(layers: Iterable[str], loras: Iterable[Lora]) -> Shapes:
    """Those that suffice for each of ``loras``; ``layers`` are the U-Net's."""
    touched, rank = {name for name in layers if name.endswith(ATTENTION)}, RANK
    for lora in loras:
        touched |= lora.file.unet.keys()
        rank = max([rank, *(part.rank for part in lora.file.unet.values())])
    return Shapes(frozenset(touched), rank, ADAPTERS_MAX)


def every_lora(cache: AdapterCache) -> Iterator[Lora]:
    """The LoRAs that fit the model; one that is damaged is left out."""
    for info in cache.list():
        if info.kind == "lora" and info.usable:
            with suppress(EngineError):
                applied = cache.acquire([AdapterUse(name=info.name)])
                cache.release(applied)
                yield applied.loras[0][0]
