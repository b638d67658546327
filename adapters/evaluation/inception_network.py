"""Inception-v3 as FID uses it (Heusel et al. 2017): the network of TensorFlow's 2015 graph, in PyTorch.

It differs from the usual Inception-v3 (Szegedy et al. 2016): average pools leave out the padding, and the last block
pools by maximum. Layers have torchvision's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

average = partial(functional.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
largest = partial(functional.max_pool2d, kernel_size=3, stride=1, padding=1)
shrunk = partial(functional.max_pool2d, kernel_size=3, stride=2)
Chain = Sequence[str | tuple[str, str]]


class Conv(nn.Module):
    """Convolution without bias, batch normalization, ReLU."""

    def __init__(self, inside: int, outside: int, **how: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, bias=False, **how)
        self.bn = nn.BatchNorm2d(outside, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.bn(self.conv(x)))


class Branches(nn.Module):
    """Chains of convolutions side by side. ``names`` has each chain's layers, which are attributes of that name.

    A chain may end in a pair of layers, whose results lie side by side; ``pool`` goes before the last chain, or is
    the last one where that has no layers.
    """

    def __init__(self, layers: dict[str, Conv], names: Sequence[Chain], pool: Any) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._names, self._pool = names, pool

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [self._chain(x, names) for names in self._names[:-1]]
        return torch.cat([*parts, self._chain(self._pool(x), self._names[-1])], dim=1)

    def _chain(self, x: torch.Tensor, names: Chain) -> torch.Tensor:
        for name in names:
            if isinstance(name, str):
                x = self.get_submodule(name)(x)
            else:
                x = torch.cat([self.get_submodule(one)(x) for one in name], dim=1)
        return x


def block_a(inside: int, pooled: int) -> Branches:
    """35x35."""
    layers = {
        "branch1x1": Conv(inside, 64, kernel_size=1),
        "branch5x5_1": Conv(inside, 48, kernel_size=1),
        "branch5x5_2": Conv(48, 64, kernel_size=5, padding=2),
        "branch3x3dbl_1": Conv(inside, 64, kernel_size=1),
        "branch3x3dbl_2": Conv(64, 96, kernel_size=3, padding=1),
        "branch3x3dbl_3": Conv(96, 96, kernel_size=3, padding=1),
        "branch_pool": Conv(inside, pooled, kernel_size=1),
    }
    double = ("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3")
    return Branches(layers, [["branch1x1"], ["branch5x5_1", "branch5x5_2"], double, ["branch_pool"]], average)


def block_b() -> Branches:
    """35x35 to 17x17."""
    layers = {
        "branch3x3": Conv(288, 384, kernel_size=3, stride=2),
        "branch3x3dbl_1": Conv(288, 64, kernel_size=1),
        "branch3x3dbl_2": Conv(64, 96, kernel_size=3, padding=1),
        "branch3x3dbl_3": Conv(96, 96, kernel_size=3, stride=2),
    }
    return Branches(layers, [["branch3x3"], ["branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"], []], shrunk)


def long(inside: int, outside: int, wide: bool, size: int = 7) -> Conv:
    """A convolution of one by seven, or of seven by one."""
    kernel, padding = ((1, size), (0, size // 2)) if wide else ((size, 1), (size // 2, 0))
    return Conv(inside, outside, kernel_size=kernel, padding=padding)


def block_c(narrow: int) -> Branches:
    """17x17."""
    layers = {
        "branch1x1": Conv(768, 192, kernel_size=1),
        "branch7x7_1": Conv(768, narrow, kernel_size=1),
        "branch7x7_2": long(narrow, narrow, True),
        "branch7x7_3": long(narrow, 192, False),
        "branch7x7dbl_1": Conv(768, narrow, kernel_size=1),
        "branch7x7dbl_2": long(narrow, narrow, False),
        "branch7x7dbl_3": long(narrow, narrow, True),
        "branch7x7dbl_4": long(narrow, narrow, False),
        "branch7x7dbl_5": long(narrow, 192, True),
        "branch_pool": Conv(768, 192, kernel_size=1),
    }
    seven = [f"branch7x7_{number}" for number in (1, 2, 3)]
    double = [f"branch7x7dbl_{number}" for number in (1, 2, 3, 4, 5)]
    return Branches(layers, [["branch1x1"], seven, double, ["branch_pool"]], average)


def block_d() -> Branches:
    """17x17 to 8x8."""
    layers = {
        "branch3x3_1": Conv(768, 192, kernel_size=1),
        "branch3x3_2": Conv(192, 320, kernel_size=3, stride=2),
        "branch7x7x3_1": Conv(768, 192, kernel_size=1),
        "branch7x7x3_2": long(192, 192, True),
        "branch7x7x3_3": long(192, 192, False),
        "branch7x7x3_4": Conv(192, 192, kernel_size=3, stride=2),
    }
    seven = [f"branch7x7x3_{number}" for number in (1, 2, 3, 4)]
    return Branches(layers, [["branch3x3_1", "branch3x3_2"], seven, []], shrunk)


def block_e(inside: int, pool: Any) -> Branches:
    """8x8."""
    layers = {
        "branch1x1": Conv(inside, 320, kernel_size=1),
        "branch3x3_1": Conv(inside, 384, kernel_size=1),
        "branch3x3_2a": long(384, 384, True, 3),
        "branch3x3_2b": long(384, 384, False, 3),
        "branch3x3dbl_1": Conv(inside, 448, kernel_size=1),
        "branch3x3dbl_2": Conv(448, 384, kernel_size=3, padding=1),
        "branch3x3dbl_3a": long(384, 384, True, 3),
        "branch3x3dbl_3b": long(384, 384, False, 3),
        "branch_pool": Conv(inside, 192, kernel_size=1),
    }
    three: Chain = ["branch3x3_1", ("branch3x3_2a", "branch3x3_2b")]
    ends = ("branch3x3dbl_3a", "branch3x3dbl_3b")
    double: Chain = ["branch3x3dbl_1", "branch3x3dbl_2", ends]
    return Branches(layers, [["branch1x1"], three, double, ["branch_pool"]], pool)


def network() -> nn.Sequential:
    """Pictures (rows, 3, 299, 299) in [-1, 1] to features (rows, 2048), untrained."""
    net = nn.Sequential()
    for name, layer in {
        "Conv2d_1a_3x3": Conv(3, 32, kernel_size=3, stride=2),
        "Conv2d_2a_3x3": Conv(32, 32, kernel_size=3),
        "Conv2d_2b_3x3": Conv(32, 64, kernel_size=3, padding=1),
        "pool_1": nn.MaxPool2d(3, 2),
        "Conv2d_3b_1x1": Conv(64, 80, kernel_size=1),
        "Conv2d_4a_3x3": Conv(80, 192, kernel_size=3),
        "pool_2": nn.MaxPool2d(3, 2),
        "Mixed_5b": block_a(192, 32),
        "Mixed_5c": block_a(256, 64),
        "Mixed_5d": block_a(288, 64),
        "Mixed_6a": block_b(),
        "Mixed_6b": block_c(128),
        "Mixed_6c": block_c(160),
        "Mixed_6d": block_c(160),
        "Mixed_6e": block_c(192),
        "Mixed_7a": block_d(),
        "Mixed_7b": block_e(1280, average),
        "Mixed_7c": block_e(2048, largest),
        "pool_3": nn.AdaptiveAvgPool2d(1),
        "flat": nn.Flatten(),
    }.items():
        net.add_module(name, layer)
    return net.eval()
