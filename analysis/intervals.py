"""Intervals of a mean and of a paired difference over seeds and problems: by Student's t, or by the bootstrap.

The default, "t", is estimate +- t x standard error, with the variance of the crossed design and Satterthwaite's
degrees of freedom (`analysis.variance`). "bootstrap" is the percentile interval of crossed resampling
(`analysis.bootstrap`); from few seeds it is too short. docs/estimators.md has the measured coverage of both.

Shapes: S seeds, P problems, M metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.bootstrap import RESAMPLES, difference_draws, mean_draws
from analysis.inference import LEVEL, ROUNDING, bounds, p_values
from analysis.interquartile import interquartile_mean, of_interquartile
from analysis.variance import Problems, Spread, check, of_difference, of_mean
from harness.errors import InputError, unknown

Floats = NDArray[np.float64]
Kind = Literal["t", "bootstrap"]
KINDS: tuple[Kind, ...] = ("t", "bootstrap")
NAN = float("nan")


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval; NaN bounds where the design shows no spread to build one from.

    `seeds` and `problems` are what it rests on; 0 problems means one number per seed. `p`: two-sided, of the
    hypothesis that the estimated quantity is 0. `standard_error` and `df` are those of "t", whichever kind the bounds
    are of; df is NaN where the standard error is 0.
    """

    value: float
    low: float
    high: float
    seeds: int
    problems: int
    level: float = LEVEL
    kind: Kind = "t"
    taken: Problems = "sampled"
    standard_error: float = NAN
    df: float = NAN
    p: float = NAN

    @property
    def label(self) -> str:
        """How the interval came about, in words for a caption."""
        return describe(self.seeds, self.problems, self.level, self.kind, self.taken)

    @property
    def sign(self) -> int:
        """+1 when the whole interval is above 0, -1 when it is below, 0 when it holds 0 or has no bounds."""
        return int(self.low > ROUNDING) - int(self.high < -ROUNDING)


def describe(seeds: int, problems: int, level: float = LEVEL, kind: Kind = "t", taken: Problems = "sampled") -> str:
    """Words for an interval over `seeds` seeds and `problems` problems (0: one number per seed)."""
    if seeds == 1 and (problems == 0 or taken == "fixed"):
        return "one seed, no interval" if problems == 0 else "one seed and fixed problems, no interval"
    percent = f"{100 * level:g} % {'t interval' if kind == 't' else 'bootstrap'}"
    if problems == 0:
        return f"{percent} over {seeds} seeds"
    if seeds == 1:
        return f"{percent} over {problems} problems (sampled); one seed: its noise is not included"
    return f"{percent} over {seeds} seeds x {problems} problems ({taken})"


def crossed_intervals(
    outcomes: ArrayLike,
    rng: np.random.Generator | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    *,
    problems: Problems = "sampled",
    kind: Kind = "t",
) -> list[Interval]:
    """Interval of each metric's mean: `outcomes` (M, S, P). `rng` is needed for kind "bootstrap" alone, where all
    metrics are under the same resamples.

    Raises:
        InputError: not three axes, an empty one, NaN among the outcomes, or a bootstrap without `rng`.
        ConfigError: another `problems` or `kind`.
    """
    table = _table(outcomes)
    values = np.array([layer.mean() for layer in table])  # one by one: the same sum whatever else is asked for
    draws = mean_draws(table, _needed(rng), resamples, problems) if _kind(kind) == "bootstrap" else None
    return _intervals(values, of_mean(table), draws, table.shape[1:], level, problems)


def paired_interval(
    outcomes: ArrayLike,
    baseline: ArrayLike,
    rng: np.random.Generator | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    *,
    problems: Problems = "sampled",
    kind: Kind = "t",
    same_seeds: bool = False,
) -> Interval:
    """Interval of mean(outcomes) - mean(baseline), (S, P) and (S', P) over the same problems in the same order.

    Always paired on the problems. With `same_seeds`, row s of both sides is the same seed, and the difference is
    paired on seeds too. `seeds` of the answer is the smaller of S and S'.
    """
    left, right = _table(np.asarray(outcomes)[None]), _table(np.asarray(baseline)[None])
    if left.shape[2] != right.shape[2]:
        raise InputError(
            "a paired difference is over the same problems on both sides",
            f"{left.shape[2]} and {right.shape[2]} problems",
            "Align both sides on the problems that they share.",
        )
    draws = None
    if same_seeds:
        spread = of_mean(_same_seeds(left, right))
        if _kind(kind) == "bootstrap":
            draws = mean_draws(left - right, _needed(rng), resamples, problems)
    else:
        spread = of_difference(left, right)
        if _kind(kind) == "bootstrap":
            draws = difference_draws(left, right, _needed(rng), resamples, problems)
    seeds = min(left.shape[1], right.shape[1])
    value = np.atleast_1d(left.mean() - right.mean())
    return _intervals(value, spread, draws, (seeds, left.shape[2]), level, problems)[0]


def paired_spread(outcomes: Floats, baseline: Floats, same_seeds: bool) -> Spread:
    """Spread of the difference of `paired_interval`, for planning (`analysis.planning`); shapes (S, P), (S', P)."""
    left, right = _table(outcomes[None]), _table(baseline[None])
    return of_mean(_same_seeds(left, right)) if same_seeds else of_difference(left, right)


def interquartile_interval(outcomes: ArrayLike, level: float = LEVEL, *, problems: Problems = "sampled") -> Interval:
    """t interval of the interquartile mean over seeds of `outcomes` (S, P), see `analysis.interquartile`."""
    table = _table(np.asarray(outcomes)[None])
    value = interquartile_mean(table.mean(axis=-1))
    return _intervals(value, of_interquartile(table), None, table.shape[1:], level, problems)[0]


def seed_interval(
    values: ArrayLike,
    rng: np.random.Generator | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    *,
    kind: Kind = "t",
) -> Interval:
    """Interval of the mean of (S,) values, one number per seed; NaN bounds for a single seed."""
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1 or row.size == 0 or np.isnan(row).any():
        raise InputError(
            "an interval over seeds takes one number per seed, at least one, none NaN",
            f"{row!r}",
            "Leave out the runs without the number, and say so.",
        )
    table = row[None, :, None]
    draws = mean_draws(table, _needed(rng), resamples, "fixed") if _kind(kind) == "bootstrap" else None
    (found,) = _intervals(table.mean(axis=(1, 2)), of_mean(table), draws, (row.size, 0), level, "fixed")
    return found


def _intervals(
    values: Floats, spread: Spread, draws: Floats | None, shape: Sequence[int], level: float, taken: Problems
) -> list[Interval]:
    variance, df = spread.variance(check(taken))
    low, high = bounds(values, spread, level, taken)
    p = p_values(values, spread, taken)
    if draws is not None:
        # one seed cannot be resampled: with the problems fixed as well there is nothing to draw
        nothing = np.where(np.isnan(variance), np.nan, 0.0)
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0) + nothing
        p = _bootstrap_p(draws) + nothing
    seeds, problems = shape
    kind: Kind = "t" if draws is None else "bootstrap"
    columns = zip(values, low, high, np.sqrt(variance), df, p, strict=True)
    return [
        Interval(float(v), float(lo), float(hi), seeds, problems, level, kind, taken, float(se), float(f), float(q))
        for v, lo, hi, se, f, q in columns
    ]


def _bootstrap_p(draws: Floats) -> Floats:
    """(M,) twice the share of draws on the rarer side of 0; one draw is added, for no p is 0 by resampling."""
    below, above = (draws <= ROUNDING).sum(axis=0), (draws >= -ROUNDING).sum(axis=0)
    p: Floats = np.minimum(1.0, 2 * (np.minimum(below, above) + 1) / (len(draws) + 1))
    return p


def _same_seeds(left: Floats, right: Floats) -> Floats:
    if left.shape != right.shape:
        raise InputError(
            "a difference paired on seeds has the same seeds on both sides",
            f"{left.shape[1]} and {right.shape[1]} seeds",
            "Align both sides on the seeds that they share, or leave same_seeds out.",
        )
    return left - right


def _kind(kind: str) -> Kind:
    for known in KINDS:
        if kind == known:
            return known
    raise unknown("kinds of interval", [kind], KINDS)


def _needed(rng: np.random.Generator | None) -> np.random.Generator:
    if rng is None:
        raise InputError("a bootstrap draws from a generator", "None", "Pass np.random.default_rng(seed) as rng.")
    return rng


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
