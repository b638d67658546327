"""The weights of a file or folder that was made elsewhere, as the adapters' folder has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file

from adapters.manifest import AdapterError, Kind
from adapters.publishing.base_models import BaseModel
from adapters.publishing.dreambooth import component_files, copy_components
from adapters.publishing.layouts import Tensors, canonical
from adapters.registry import LORA_FILE

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
PEFT_FILE = "adapter_model.safetensors"
HALVES = ("unet", "text_encoder")


@dataclass(frozen=True)
class Weights:
    """What was written: of a LoRA its highest rank, and what of the source was left out, in a sentence."""

    kind: Kind
    rank: int | None = None
    left_out: str = ""


def copy_weights(source: Path, target: Path, base: BaseModel) -> Weights:
    """Writes the weights in our layout. Raises AdapterError if they are not for ``base``, or nothing that we read."""
    if source.is_dir() and component_files(source):
        return Weights("dreambooth", left_out=copy_components(source, target, base))
    tensors: Tensors = {}
    for file in lora_files(source):
        tensors |= canonical(file, base)
    save_file(tensors, target / LORA_FILE, metadata={"format": "pt"})
    return Weights("lora", max(len(tensor) for key, tensor in tensors.items() if key.endswith("lora_A.weight")))


def lora_files(source: Path) -> list[Path]:
    """The safetensors file that ``source`` is or holds; two if PEFT wrote a folder for each network."""
    if source.is_file():
        files = [source]
    else:
        known = (source / LORA_FILE, source / PEFT_FILE)
        halves = [source / half / PEFT_FILE for half in HALVES if (source / half / PEFT_FILE).is_file()]
        files = [file for file in known if file.is_file()][:1] or halves or sorted(source.glob("*.safetensors"))
        if halves == files and files:
            return files
        files = files or [file for file in sorted(source.iterdir()) if file.suffix in PICKLES]
    if any(file.suffix in PICKLES for file in files):
        raise AdapterError(
            f"{files[0]}: pickled weights can run programs and are not read; convert them to safetensors with: "
            f'python -c "from safetensors.torch import save_file; import torch; '
            f"save_file(torch.load('{files[0].name}', weights_only=True), 'lora.safetensors')\""
        )
    if len(files) != 1:
        raise AdapterError(f"{source}: {'several' if files else 'no'} safetensors files; name the one that is the LoRA")
    return files
