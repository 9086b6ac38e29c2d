"""Crossed resampling of seeds and problems, over plain NumPy arrays.

Shapes: S seeds, P problems, B resamples, M metrics. Every seed answers every problem, so the design is crossed: seeds
are resampled with replacement, problems too where they are taken as sampled, and a resample's estimate is the mean
over its (seed, problem) pairs. Given the data, that estimate has the variance

    sum_s a_s^2 / S^2  +  sum_p b_p^2 / P^2  +  sum_sp e_sp^2 / (SP)^2

with a_s, b_p and e_sp the deviations of the two-way layout (their sums are 0, and so are all covariances; Owen 2007,
"The pigeonhole bootstrap", has its expectation). The first term is too small by (S - 1)/S on average, and quantiles of
few seeds are too near: such intervals are too short, and `docs/estimators.md` says by how much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.variance import Problems, check

Floats = NDArray[np.float64]

RESAMPLES = 4_000
CELLS = 2_000_000
"""Resamples are drawn in blocks of at most this many numbers, so that memory does not grow with the benchmark."""


def mean_draws(table: Floats, rng: np.random.Generator, resamples: int, problems: Problems = "sampled") -> Floats:
    """(B, M) resampled means of `table` (M, S, P); all metrics under the same resamples."""
    return _in_blocks([table], rng, resamples, problems)[0]


def difference_draws(
    left: Floats, right: Floats, rng: np.random.Generator, resamples: int, problems: Problems = "sampled"
) -> Floats:
    """(B, M) resampled mean(left) - mean(right), (M, S, P) and (M, S', P): one draw of problems serves both sides,
    seeds are drawn for each side on its own. For paired seeds: `mean_draws(left - right)`."""
    drawn = _in_blocks([left, right], rng, resamples, problems)
    return drawn[0] - drawn[1]


def conditional_variance(table: Floats, problems: Problems = "sampled") -> Floats:
    """(M,) variance of `mean_draws` at B = infinity, by the formula above; `table` (M, S, P)."""
    count, width = table.shape[-2:]
    grand = table.mean(axis=(-2, -1), keepdims=True)
    a, b = table.mean(axis=-1, keepdims=True) - grand, table.mean(axis=-2, keepdims=True) - grand
    of_seeds: Floats = (a**2).sum(axis=(-2, -1)) / count**2
    if check(problems) == "fixed":
        return of_seeds
    rest = table - grand - a - b
    return of_seeds + (b**2).sum(axis=(-2, -1)) / width**2 + (rest**2).sum(axis=(-2, -1)) / (count * width) ** 2


def resample_counts(size: int, resamples: int, rng: np.random.Generator) -> Floats:
    """(B, size) whole numbers, each row summing to `size`: how often each of `size` things is drawn."""
    drawn = rng.integers(size, size=(resamples, size)) + np.arange(resamples)[:, None] * size
    counts = np.bincount(drawn.ravel(), minlength=resamples * size)
    return counts.reshape(resamples, size).astype(np.float64)


def _in_blocks(sides: list[Floats], rng: np.random.Generator, resamples: int, problems: Problems) -> list[Floats]:
    width = sides[0].shape[-1]
    fixed = check(problems) == "fixed"
    block = max(1, CELLS // max(width, *(side.shape[0] * side.shape[1] for side in sides)))
    means: list[list[Floats]] = [[] for _ in sides]
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        counts = None if fixed else resample_counts(width, size, rng)
        for found, side in zip(means, sides, strict=True):
            found.append(_means(side, counts, resample_counts(side.shape[1], size, rng)))
    return [np.concatenate(found) for found in means]


def _means(table: Floats, problem_counts: Floats | None, seed_counts: Floats) -> Floats:
    """(B, M) means of `table` (M, S, P) under the draws of problems (B, P; None: each once) and seeds (B, S)."""
    if problem_counts is None:
        fixed: Floats = seed_counts @ table.mean(axis=2).T / table.shape[1]
        return fixed
    by_seed: Floats = table @ problem_counts.T  # (M, S, B)
    sums: Floats = np.einsum("bs,msb->bm", seed_counts, by_seed)
    return sums / (table.shape[1] * table.shape[2])
