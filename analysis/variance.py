"""Variance of a mean over a crossed design of seeds and problems, from its mean squares.

Model: y[s, p] = mean + a[s] + b[p] + e[s, p], independent, with variances A (between seeds), B (between problems) and
E (within: the seed's own answers to a problem). The mean of S seeds and P problems has the variance A/S + B/P + E/(SP)
where the problems are taken as sampled, and A/S + E/(SP) where they are taken as fixed. Its estimates are the usual
ones of the two-way layout without repetition (Searle, Casella and McCulloch 1992, "Variance Components", chapter 4);
degrees of freedom of sums of mean squares are Satterthwaite's (1946).

Everything is over the last two axes (S, P); leading axes (...) are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import unknown

Floats = NDArray[np.float64]
Problems = Literal["sampled", "fixed"]
"""sampled: the benchmark stands for all problems of its kind. fixed: the answer is about these problems alone."""
PROBLEMS: tuple[Problems, ...] = ("sampled", "fixed")


@dataclass(frozen=True)
class Spread:
    """What the variance of an estimate is made of; arrays of shape (...).

    seeds: A/S + E/(SP). problems: B/P + E/(SP). within: E/(SP), which is in both. Each with its degrees of freedom.
    seed_unit, within_unit: A + E/P and E/P, what one seed a side adds: divided by S they are `seeds` and `within`.
    With one seed on a side, that side's part of `seeds` and `within` is unknown: 0 here, and `seeds_known` is False.
    """

    seeds: Floats
    seeds_df: Floats
    problems: Floats
    problems_df: Floats
    within: Floats
    within_df: Floats
    seed_unit: Floats
    within_unit: Floats
    seeds_known: bool

    def variance(self, problems: Problems) -> tuple[Floats, Floats]:
        """(variance, degrees of freedom) of the estimate; NaN where the design cannot tell.

        A component estimated below 0 counts as 0: a sum of parts is never below the largest part.
        """
        if check(problems) == "fixed":
            known = np.float64(1.0 if self.seeds_known else np.nan)
            return self.seeds * known, self.seeds_df * known
        parts = np.stack([self.seeds, self.problems, -self.within])
        freedom = np.stack([self.seeds_df, self.problems_df, self.within_df])
        total = parts.sum(axis=0)
        found, df = total, satterthwaite(parts, freedom)
        for part, own in ((self.seeds, self.seeds_df), (self.problems, self.problems_df)):
            found, df = np.where(part > found, part, found), np.where(part > found, own, df)
        return found, df


def of_mean(table: Floats) -> Spread:
    """Spread of the mean of `table` (..., S, P)."""
    seeds, problems, within = _parts(table)
    count, width = table.shape[-2:]
    return Spread(
        seeds, _filled(seeds, count - 1), problems, _filled(seeds, width - 1),
        within, _filled(seeds, (count - 1) * (width - 1)), seeds * count, within * count, count > 1,
    )  # fmt: skip


def of_difference(left: Floats, right: Floats) -> Spread:
    """Spread of mean(left) - mean(right), (..., S, P) and (..., S', P): the same problems, seeds that are not paired.

    For seeds that are paired as well, take `of_mean(left - right)`.
    """
    sides = [_parts(left), _parts(right)]
    counts = [left.shape[-2], right.shape[-2]]
    width = left.shape[-1]
    seeds, seeds_df = _sum([side[0] for side in sides], [count - 1 for count in counts])
    within, within_df = _sum([side[2] for side in sides], [(count - 1) * (width - 1) for count in counts])
    gaps = left.mean(axis=-2) - right.mean(axis=-2)
    return Spread(
        seeds, seeds_df, _variance(gaps) / width, _filled(seeds, width - 1), within, within_df,
        sum((side[0] * count for side, count in zip(sides, counts, strict=True)), np.zeros(())),
        sum((side[2] * count for side, count in zip(sides, counts, strict=True)), np.zeros(())),
        min(counts) > 1,
    )  # fmt: skip


def residual_square(table: Floats) -> Floats:
    """The mean square of what neither the seed nor the problem explains: estimates E; (..., S, P), both above 1."""
    count, width = table.shape[-2:]
    rest = table - table.mean(axis=-1, keepdims=True) - table.mean(axis=-2, keepdims=True)
    rest = rest + table.mean(axis=(-2, -1), keepdims=True)
    square: Floats = (rest**2).sum(axis=(-2, -1)) / ((count - 1) * (width - 1))
    return square


def satterthwaite(parts: Floats, df: Floats) -> Floats:
    """Degrees of freedom of the sum over axis 0 of `parts`, multiples of mean squares with `df` each.

    NaN where the sum is 0. A part without degrees of freedom must be 0 and does not count.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(parts == 0, 0.0, parts**2 / df).sum(axis=0)
        freedom: Floats = np.where(squares > 0, parts.sum(axis=0) ** 2 / squares, np.nan)
    return freedom


def check(problems: str) -> Problems:
    for known in PROBLEMS:
        if problems == known:
            return known
    raise unknown("ways to take the problems", [problems], PROBLEMS)


def _parts(table: Floats) -> tuple[Floats, Floats, Floats]:
    """A/S + E/(SP), B/P + E/(SP) and E/(SP) of one side; 0, and 0, for the parts that one seed does not show."""
    count, width = table.shape[-2:]
    by_seed, by_problem = table.mean(axis=-1), table.mean(axis=-2)
    problems = _variance(by_problem) / width
    nothing = np.zeros(table.shape[:-2])
    if count == 1:
        return nothing, problems, nothing
    seeds = _variance(by_seed) / count
    if width == 1:
        return seeds, problems, nothing
    return seeds, problems, residual_square(table) / (count * width)


def _sum(parts: list[Floats], dfs: list[int]) -> tuple[Floats, Floats]:
    stacked = np.stack(parts)
    df = np.stack([_filled(part, own) for part, own in zip(parts, dfs, strict=True)])
    return stacked.sum(axis=0), satterthwaite(stacked, df)


def _variance(values: Floats) -> Floats:
    """Unbiased variance over the last axis; NaN for a single value. Equal values give exactly 0."""
    if values.shape[-1] == 1:
        return np.full(values.shape[:-1], np.nan)
    spread: Floats = (values - values.mean(axis=-1, keepdims=True)).var(axis=-1, ddof=1)
    return spread


def _filled(like: Floats, value: float) -> Floats:
    return np.full(np.shape(like), float(value))
