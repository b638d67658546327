"""Whether the difference of a checkpoint has a place in a model, told by its names."""

from __future__ import annotations

import pytest

from adapters.shapes import NetworkShapes, difference_fault

NETWORKS: NetworkShapes = {"unet": {"conv_in.weight": (4, 4)}, "text_encoder": {"text_model.final.weight": (4,)}}


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("unet.conv_in.weight", ""),
        ("unet.conv_in.weight.step", ""),
        ("text_encoder.final.weight", ""),
        ("unet.conv_out.weight", "the key 'unet.conv_out.weight' cannot be applied to this model"),
        ("vae.conv_in.weight", "the key 'vae.conv_in.weight' cannot be applied to this model"),
    ],
)
def test_a_key_that_the_model_has_not_is_named(key: str, fault: str) -> None:
    assert difference_fault([key], NETWORKS) == fault
