"""Adapters on their way from disk into memory."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.manifest import AdapterError
from adapters.registry import Adapter
from adapters.shapes import NetworkShapes
from engine.adapters.checkpoints import Checkpoint, read_checkpoint
from engine.adapters.lora import adapted_layers
from engine.adapters.lora_files import LoraWeights, Unusable, read_lora
from engine.diffusion.model import Model


@dataclass(frozen=True)
class Lora:
    """A LoRA file in memory, ready for a slot."""

    key: str
    file: LoraWeights
    bytes: int


class Reader:
    """Reads adapters for one model, whose layers have slots."""

    def __init__(self, model: Model, max_rank: int) -> None:
        self.base = Checkpoint("", model.unet, model.text_encoder)
        self._source = model.source
        self._max_rank = max_rank
        self._layers = {"unet": adapted_layers(model.unet), "text_encoder": adapted_layers(model.text_encoder)}

    def read(self, adapter: Adapter) -> Lora | Checkpoint:
        """:raises Unusable: saying why it cannot be applied."""
        try:
            adapter.verify()
        except (AdapterError, OSError):
            raise Unusable("its weights are missing, damaged or not those of its manifest") from None
        if adapter.manifest.kind == "dreambooth":
            return read_checkpoint(key_of(adapter), adapter.folder, self.base, self._source)
        file = read_lora(adapter.files()[0], self._layers, self._max_rank)
        size = sum(part.bytes for parts in (file.unet, file.text_encoder) for part in parts.values())
        return Lora(key_of(adapter), file, size)


def model_shapes(model: Model) -> NetworkShapes:
    """The shapes of the model's parameters, by network."""
    networks = {"unet": model.unet, "text_encoder": model.text_encoder}
    return {
        network: {key: tuple(value.shape) for key, value in part.state_dict().items()}
        for network, part in networks.items()
    }


def key_of(adapter: Adapter) -> str:
    """The adapter and its contents: an adapter that was replaced on disk is another one."""
    return f"{adapter.name}@{adapter.manifest.sha256[:16]}"


def name_of(key: str) -> str:
    """The adapter's name."""
    return key.rpartition("@")[0]
