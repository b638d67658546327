"""The metrics against closed forms, against SciPy, and against pytorch-ignite, which others wrote."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import scipy.linalg
import torch
from ignite.metrics import MaximumMeanDiscrepancy
from ignite.metrics.gan.fid import fid_score
from scipy.spatial.distance import cdist

from adapters.evaluation.metrics import (
    Array,
    clip_score,
    cmmd,
    consistency,
    frechet_distance,
    nearest_similarity,
    normalized,
    palette,
    palette_uniformity,
    reference_similarity,
)


def rows(seed: int, count: int = 40, width: int = 12, shift: float = 0.0) -> Array:
    return np.random.default_rng(seed).normal(shift, 1 + 0.1 * seed, (count, width))


def scipy_frechet(first: Array, second: Array) -> float:
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    root = scipy.linalg.sqrtm(one @ other).real
    return float(((first.mean(0) - second.mean(0)) ** 2).sum() + np.trace(one + other - 2 * root))


def scipy_mmd(first: Array, second: Array) -> float:
    x, y = (features / np.linalg.norm(features, axis=1)[:, None] for features in (first, second))
    kernels = [np.exp(-cdist(a, b, "sqeuclidean") / 200).mean() for a, b in ((x, x), (y, y), (x, y))]
    return float(1000 * (kernels[0] + kernels[1] - 2 * kernels[2]))


def test_the_frechet_distance_is_scipys() -> None:
    first, second = rows(1), rows(2, count=55, shift=0.4)
    assert frechet_distance(first, second) == pytest.approx(scipy_frechet(first, second), abs=1e-4)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-4)


def test_the_frechet_distance_of_shifted_and_scaled_rows_has_a_closed_form() -> None:
    first = rows(1)
    assert frechet_distance(first, first + 3) == pytest.approx(12 * 9, abs=1e-4)
    centred = first - first.mean(0)
    variance = float(np.trace(np.cov(centred, rowvar=False)))
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * variance, abs=1e-4)


def test_the_frechet_distance_needs_no_more_rows_than_columns() -> None:
    few = rows(1, count=5, width=30)
    assert frechet_distance(few, few + 1) == pytest.approx(30, abs=1e-4)


def test_cmmd_is_scipys() -> None:
    first, second = rows(1), rows(2, count=25, shift=0.5)
    assert cmmd(first, second) == pytest.approx(scipy_mmd(first, second), abs=1e-4)
    assert cmmd(first, first) == pytest.approx(0, abs=1e-4)


@pytest.fixture
def doubles() -> Iterator[None]:
    """PyTorch counts in double precision, in which a difference of numbers near one keeps its digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("doubles")
def test_unbiased_cmmd_is_ignites() -> None:
    first, second = rows(1), rows(2, shift=0.5)
    other = MaximumMeanDiscrepancy(var=10.0**2)
    other.update((torch.from_numpy(normalized(first)), torch.from_numpy(normalized(second))))
    # Ignite gives the root of the estimate that is proposed as CMMD.
    assert cmmd(first, second, unbiased=True) == pytest.approx(1000 * other.compute() ** 2, abs=1e-4)


def test_the_frechet_distance_is_ignites() -> None:
    first, second = rows(1), rows(2, count=55, shift=0.4)
    mean, other_mean = (torch.from_numpy(features.mean(0)) for features in (first, second))
    spread, other_spread = (torch.from_numpy(np.cov(features, rowvar=False)) for features in (first, second))
    expected = fid_score(mean, other_mean, spread, other_spread)
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-4)


def test_cmmd_of_single_points_has_a_closed_form() -> None:
    first, second = np.array([[1.0, 0.0]] * 3), np.array([[0.0, 5.0]] * 4)
    expected = 2000 * (1 - np.exp(-2 / 200))
    assert cmmd(first, second) == pytest.approx(expected, abs=1e-4)
    assert cmmd(first, second, unbiased=True) == pytest.approx(expected, abs=1e-4)


def test_unbiased_cmmd_is_about_nothing_for_samples_of_one_source() -> None:
    source = np.random.default_rng(5)
    estimates = [cmmd(source.normal(size=(8, 6)), source.normal(size=(8, 6)), unbiased=True) for _ in range(300)]
    biased = [cmmd(source.normal(size=(8, 6)), source.normal(size=(8, 6))) for _ in range(300)]
    assert abs(np.mean(estimates)) < 0.1 * np.mean(biased)


def test_cosines() -> None:
    east, north = np.array([[2.0, 0.0]]), np.array([[0.0, 3.0]])
    both = np.concatenate([east, north])
    assert clip_score(both, both) == pytest.approx(1)
    assert clip_score(east, north) == pytest.approx(0)
    assert reference_similarity(east, both) == pytest.approx(0.5)
    assert consistency(np.concatenate([east, east, north])) == pytest.approx(1 / 3)
    assert nearest_similarity(np.array([[1.0, 1.0]]), both) == pytest.approx([np.sqrt(0.5)])
    assert np.linalg.norm(normalized(rows(1)), axis=1) == pytest.approx(np.ones(40))


def test_palettes_count_colours() -> None:
    pictures = np.zeros((3, 4, 4, 3))
    pictures[1, :2] = 1.0
    pictures[2] = 1.0
    histograms = palette(pictures)
    assert histograms.sum(axis=1) == pytest.approx(np.ones(3))
    assert histograms[1, [0, -1]] == pytest.approx([0.5, 0.5])
    assert palette_uniformity(histograms) == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert palette_uniformity(histograms[[0, 0]]) == pytest.approx(1)
