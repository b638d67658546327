"""The mathematics of judging pictures, on arrays of features (rows) or pixels. No model is loaded here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating[Any]]

CMMD_SIGMA = 10.0
CMMD_SCALE = 1000.0
PALETTE_BINS = 8


def normalized(features: Array) -> Array:
    """Every row at length one."""
    rows: Array = features / np.linalg.norm(features, axis=1, keepdims=True)
    return rows


def clip_score(pictures: Array, texts: Array) -> float:
    """Mean cosine of each picture and its own text (Hessel et al. 2021, unscaled)."""
    return float((normalized(pictures) * normalized(texts)).sum(axis=1).mean())


def reference_similarity(pictures: Array, references: Array) -> float:
    """Mean cosine of every picture with every reference picture."""
    return float((normalized(pictures) @ normalized(references).T).mean())


def cmmd(first: Array, second: Array, *, unbiased: bool = False) -> float:
    """CLIP maximum mean discrepancy (Jayasumana et al. 2024): squared, RBF kernel of sigma 10, times 1000.

    Features are normalized first. The authors' estimate includes each row's kernel with itself; the unbiased one,
    which may fall below zero, does not.
    """
    x, y = normalized(first), normalized(second)
    within = [_mean_kernel(rows, unbiased) for rows in (x, y)]
    return CMMD_SCALE * (sum(within) - 2 * float(_kernel(x, y).mean()))


def _kernel(x: Array, y: Array) -> Array:
    distances = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None, :] - 2 * x @ y.T
    rows: Array = np.exp(-distances / (2 * CMMD_SIGMA**2))
    return rows


def _mean_kernel(rows: Array, unbiased: bool) -> float:
    kernel, count = _kernel(rows, rows), len(rows)
    if not unbiased:
        return float(kernel.mean())
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def frechet_distance(first: Array, second: Array) -> float:
    """The exact Frechet distance of two Gaussians fitted to the rows (Heusel et al. 2017: FID on Inception features).

    The trace of the covariances' geometric mean comes from the singular values of the product of the two centred
    sets, so nothing is lost where there are fewer rows than columns.
    """
    apart = float(((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum())
    x, y = (_centred(rows) for rows in (first, second))
    mean = float(np.linalg.svd(x @ y.T, compute_uv=False).sum())
    return apart + float((x**2).sum()) + float((y**2).sum()) - 2 * mean


def _centred(rows: Array) -> Array:
    """Rows whose product with themselves is the covariance."""
    centred: Array = (rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)) / np.sqrt(len(rows) - 1)
    return centred


def palette(pixels: Array) -> Array:
    """Share of each of 8x8x8 colours in pictures (rows, height, width, 3) from 0 to 1; one histogram a row."""
    bins = (pixels * PALETTE_BINS).astype(int).clip(0, PALETTE_BINS - 1)
    numbers = (bins[..., 0] * PALETTE_BINS + bins[..., 1]) * PALETTE_BINS + bins[..., 2]
    flat = numbers.reshape(len(pixels), -1)
    return np.stack([np.bincount(row, minlength=PALETTE_BINS**3) / row.size for row in flat])


def palette_uniformity(histograms: Array) -> float:
    """How alike the palettes of the pictures are: mean overlap of all pairs, 0 (nothing shared) to 1 (equal)."""
    overlaps = np.minimum(histograms[:, None], histograms[None]).sum(axis=-1)
    count = len(histograms)
    return float((overlaps.sum() - np.trace(overlaps)) / (count * (count - 1)))


def consistency(features: Array) -> float:
    """How alike pictures of one prompt over several seeds are: mean cosine of all pairs."""
    rows, count = normalized(features), len(features)
    cosines = rows @ rows.T
    return float((cosines.sum() - np.trace(cosines)) / (count * (count - 1)))


def nearest_similarity(pictures: Array, training: Array) -> Array:
    """For each picture the highest cosine with a training picture; near one, the picture was learnt by heart."""
    highest: Array = (normalized(pictures) @ normalized(training).T).max(axis=1)
    return highest
