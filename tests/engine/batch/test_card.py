"""The step loop on a card, as far as it can be told without one.

Tensors of the ``meta`` device have no values: whatever looks at one fails, and so does whatever mixes it with tensors
of another device. On a card the former would hold up the step loop until the card has caught up. So would a plain copy
to the card, and an equation that is solved there; both are recorded as they are called.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.adapters.cache import HeldAdapters
from engine.adapters.checkpoints import Checkpoint, read_checkpoint
from engine.adapters.lora import adapted_layers
from engine.adapters.lora_files import read_lora
from engine.adapters.slots import SlotBank
from engine.adapters.weights import Lora
from engine.batch.active_request import ActivePicture, ActiveRequest
from engine.batch.runner import Runner
from engine.batch.scheduler import Ticket
from engine.diffusion.model import Model, load_model
from engine.plan import ModelFacts, make_plan
from engine.prompts.encoding import encode_text
from engine.protocol import SAMPLERS, GenerationRequest
from engine.samplers.prediction import predict_x0
from engine.samplers.sampling import Sampling, build_sampler
from tests.engine_kit.adapters import write_dreambooth, write_lora

CARD = torch.device("meta")
ON_THE_CARD = [sampler for sampler in SAMPLERS if sampler != "dpm++-sde"]
"""Its noise needs a generator on the card itself, which ``meta`` has not."""
COPIES = ("aten::_to_copy", "aten::copy_", "aten::to.")
LOOKS = ("linalg", "nonzero", "masked_select", "aten::equal", "aten::_local_scalar_dense", "repeat_interleave.Tensor")
"""Operations that tell the CPU something of their result, or ask whether it is valid."""


class Waits(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Keeps the names of the operations for which a card would hold up whoever calls them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        places = {leaf.device for leaf in tree_leaves((args, result)) if isinstance(leaf, torch.Tensor)}
        name = str(function.name())
        if CARD in places and self._waits(name, args, kwargs, crosses=len(places) > 1):
            self.names.append(name)
        return result

    def _waits(self, name: str, args: Any, kwargs: Any, *, crosses: bool) -> bool:
        if name.startswith(COPIES):
            return crosses and not kwargs.get("non_blocking", False) and not any(one is True for one in args)
        masks = name == "aten::index.Tensor" and any(one is not None and one.dtype == torch.bool for one in args[1])
        return masks or any(look in name for look in LOOKS)


@pytest.fixture(scope="module")
def model(tiny: Path) -> Model:
    model = load_model(str(tiny), "cpu", "bfloat16")
    return replace(model, unet=model.unet.to(CARD), device=CARD)


def picture(model: Model, sampler: str, applied: HeldAdapters) -> ActivePicture:
    plan = make_plan(GenerationRequest(prompt="x", num_inference_steps=6), ModelFacts(model.name, 64, "v_prediction"))
    scheduler = build_sampler(sampler, model.noise_schedule, 7)
    sampling = Sampling(scheduler, plan.steps, 7, (4, 16, 16), CARD, model.dtype)
    text = torch.zeros(1, 77, 32, device=CARD, dtype=model.dtype)
    job = ActiveRequest(sampler, plan, lambda event: None)
    return ActivePicture(job, 0, 7, sampling, text, text, Ticket(sampler, "", 2), applied)


def test_no_step_waits_for_the_card(model: Model, tiny: Path, tmp_path: Path) -> None:
    bank = SlotBank(model.unet, 4)
    file = write_lora(tmp_path / "lora", tiny, text=False) / "pytorch_lora_weights.safetensors"
    layers: Any = {"unet": adapted_layers(model.unet), "text_encoder": {}}
    lora = Lora("lora", read_lora(file, layers, 8), 0)
    base = HeldAdapters(Checkpoint("", model.unet, None))
    pictures = [
        picture(model, sampler, replace(base, loras=((lora, 0.5),)) if index % 2 else base)
        for index, sampler in enumerate(ON_THE_CARD)
    ]
    runner, alphas = Runner(bank), build_sampler("ddim", model.noise_schedule, 0).alphas_cumprod
    with torch.inference_mode(), Waits() as waits:
        while pictures:
            for one, (seen, output) in zip(pictures, runner.run(pictures), strict=True):
                timestep = float(one.sampling.timestep)
                one.sampling.advance(output)
                predicted_x0 = predict_x0(alphas, model.prediction_type, timestep, seen, output)
                for made in (one.sampling.latent, predicted_x0):
                    assert (made.device, made.dtype) == (CARD, torch.bfloat16)
            pictures = [one for one in pictures if not one.sampling.done]
    assert bank.swaps == 1
    assert waits.names == []


def test_getting_ready_does_not_wait_for_the_card(model: Model, tiny: Path, tmp_path: Path) -> None:
    """On a busy card each wait is a whole U-Net call, and a LoRA has hundreds of tensors."""
    lora = write_lora(tmp_path / "lora", tiny, text=False) / "pytorch_lora_weights.safetensors"
    dream = write_dreambooth(tmp_path / "dream", tiny)
    SlotBank(model.unet, 4)
    layers: Any = {"unet": adapted_layers(model.unet), "text_encoder": {}}
    encoder = copy.deepcopy(model.text_encoder).to(CARD)
    with torch.inference_mode(), Waits() as waits:
        read_lora(lora, layers, 8)
        checkpoint = read_checkpoint("dream", dream, Checkpoint("", model.unet, encoder), model.source)
        Sampling(build_sampler("ddim", model.noise_schedule, 7), 6, 7, (4, 16, 16), CARD, model.dtype)
        encode_text("x", model.tokenizer, encoder)
    assert checkpoint.unet is not model.unet
    assert waits.names == []


def test_looking_at_the_card_fails() -> None:
    """Otherwise the test above could not."""
    with pytest.raises(RuntimeError):
        float(torch.zeros((), device=CARD))
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.zeros(2, device=CARD).cpu()


def test_waits_are_recorded() -> None:
    """Otherwise the tests above could not fail either."""
    square = torch.zeros(2, 2, device=CARD)
    with Waits() as waits:
        torch.zeros(2).to(CARD, non_blocking=True)
        assert not waits.names
        torch.zeros(2).to(CARD)
        torch.linalg.solve(square, square)
    assert waits.names[0] == "aten::_to_copy"
    assert any("linalg" in name for name in waits.names[1:])
