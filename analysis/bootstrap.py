"""Percentile bootstrap intervals by crossed resampling of seeds and problems, over plain NumPy arrays.

Shapes: S seeds, P problems, B resamples, M metrics. Every seed answers every problem, so the design is
crossed: seeds and problems are each resampled with replacement, and a resample's estimate is the mean over
its (seed, problem) pairs. Problems are thus taken as sampled from a population of problems. A percentile
interval from few seeds is too short; every interval therefore carries its S and P.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import InputError

Floats = NDArray[np.float64]

RESAMPLES = 4_000
LEVEL = 0.95
ROUNDING = 1e-12
"""A bound this close to 0 is 0: sums of rates are not exact, and rounding must not decide a verdict."""


@dataclass(frozen=True)
class Interval:
    """A mean with its percentile interval; NaN bounds where there was nothing to resample.

    `seeds` and `problems` are what was resampled: one seed cannot be, and 0 problems means one number per
    seed.
    """

    value: float
    low: float
    high: float
    seeds: int
    problems: int
    level: float = LEVEL

    @property
    def label(self) -> str:
        """How the interval came about, in words for a caption."""
        return describe(self.seeds, self.problems, self.level)

    @property
    def sign(self) -> int:
        """+1 when the whole interval is above 0, -1 when it is below, 0 when it holds 0 or has no bounds."""
        return int(self.low > ROUNDING) - int(self.high < -ROUNDING)


def describe(seeds: int, problems: int, level: float = LEVEL) -> str:
    """Words for an interval over `seeds` seeds and `problems` problems (0: one number per seed)."""
    percent = f"{100 * level:g} % bootstrap"
    if problems == 0:
        return f"{percent} over {seeds} seeds" if seeds > 1 else "one seed, no interval"
    if seeds == 1:
        return f"{percent} over {problems} problems; one seed: its noise is not included"
    return f"{percent} over {seeds} seeds x {problems} problems"


def crossed_intervals(
    outcomes: ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> list[Interval]:
    """Interval of each metric's mean: `outcomes` (M, S, P), all metrics under the same B resamples.

    Raises:
        InputError: not three axes, an empty one, or NaN among the outcomes.
    """
    table = _table(outcomes)
    draws = _means(table, resample_counts(table.shape[2], resamples, rng), rng)
    seeds, problems = table.shape[1:]
    return [
        _interval(float(layer.mean()), column, seeds, problems, level)
        for layer, column in zip(table, draws.T, strict=True)
    ]


def paired_interval(
    outcomes: ArrayLike,
    baseline: ArrayLike,
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Interval of mean(outcomes) - mean(baseline), (S, P) and (S', P) over the same problems in the same
    order.

    One draw of problems serves both sides; seeds are drawn for each side on its own, because training runs of
    two methods share nothing but the problems. `seeds` of the answer is the smaller of S and S'.
    """
    left, right = _table(np.asarray(outcomes)[None]), _table(np.asarray(baseline)[None])
    if left.shape[2] != right.shape[2]:
        raise InputError(
            "a paired difference is over the same problems on both sides",
            f"{left.shape[2]} and {right.shape[2]} problems",
            "Align both sides on the problems that they share.",
        )
    problems = resample_counts(left.shape[2], resamples, rng)
    draws = _means(left, problems, rng) - _means(right, problems, rng)
    seeds = min(left.shape[1], right.shape[1])
    return _interval(float(left.mean() - right.mean()), draws[:, 0], seeds, left.shape[2], level)


def seed_interval(
    values: ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Interval of the mean of (S,) values, one number per seed; NaN bounds for a single seed."""
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1 or row.size == 0 or np.isnan(row).any():
        raise InputError(
            "an interval over seeds takes one number per seed, at least one, none NaN",
            f"{row!r}",
            "Leave out the runs without the number, and say so.",
        )
    if row.size == 1:
        return Interval(float(row[0]), float("nan"), float("nan"), 1, 0, level)
    draws = resample_counts(row.size, resamples, rng) @ row / row.size
    return _interval(float(row.mean()), draws, row.size, 0, level)


def resample_counts(size: int, resamples: int, rng: np.random.Generator) -> Floats:
    """(B, size) whole numbers, each row summing to `size`: how often each of `size` things is drawn."""
    drawn = rng.integers(size, size=(resamples, size)) + np.arange(resamples)[:, None] * size
    counts = np.bincount(drawn.ravel(), minlength=resamples * size)
    return counts.reshape(resamples, size).astype(np.float64)


def _table(outcomes: ArrayLike) -> Floats:
    table = np.asarray(outcomes, dtype=np.float64)
    if table.ndim != 3 or table.size == 0:
        raise InputError(
            "outcomes have one row per seed and one column per problem, at least one of each",
            f"shape {table.shape[-2:]}",
            "Pass (seeds, problems), stacked by metric.",
        )
    if np.isnan(table).any():
        raise InputError(
            "every seed has an outcome on every problem",
            "NaN among the outcomes",
            "Keep the problems that all seeds were validated on.",
        )
    return table


def _means(table: Floats, problem_counts: Floats, rng: np.random.Generator) -> Floats:
    """(B, M) means of `table` (M, S, P) under the problem draws (B, P) and fresh draws of seeds."""
    seed_counts = resample_counts(table.shape[1], problem_counts.shape[0], rng)
    by_seed: Floats = table @ problem_counts.T  # (M, S, B)
    sums: Floats = np.einsum("bs,msb->bm", seed_counts, by_seed)
    return sums / (table.shape[1] * table.shape[2])


def _interval(value: float, draws: Floats, seeds: int, problems: int, level: float) -> Interval:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), seeds, problems, level)
