"""How many seeds would resolve a difference, from its measured spread between seeds and within them.

With S seeds a side the difference has the variance A/S + B: A is what one seed a side adds (between seeds and within
them), B what the problems add, where they are taken as sampled. S is enough when a true difference of the measured
size would be found at the 5 % level, two-sided and not corrected, in 80 % of such experiments:

    (t[.975] + t[.80]) x sqrt(A/S + B)  <=  |difference|

No S is enough once the normal quantiles times sqrt(B) exceed it. A and B are themselves estimates; their uncertainty
is carried over by redrawing each mean square from its chi-square distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from analysis import student
from analysis.inference import ROUNDING
from analysis.variance import Problems, Spread, check, satterthwaite

Floats = NDArray[np.float64]

SIGNIFICANCE, POWER = 0.05, 0.80
MOST = 1_000
"""More seeds than this are not told apart from one another."""
DRAWS = 400
RANGE = (0.10, 0.90)
"""The range that is stated holds the needed number with 80 %."""


@dataclass(frozen=True)
class SeedsNeeded:
    """Seeds a side: `number` with its range `low` to `high`; infinity: no number is enough; NaN: not known.

    `floor` is the smallest difference that any number of seeds could resolve. A number above MOST is MOST + 1.
    """

    number: float
    low: float
    high: float
    floor: float
    why_not: str = ""

    @property
    def words(self) -> str:
        """The number in words, with its range or with the reason why there is none."""
        if self.why_not:
            return self.why_not
        if np.isinf(self.number):
            hope = "" if np.isinf(self.low) else f"; with 80 %: {_count(self.low)} or more, if at all"
            floor = f"on these problems, differences below {self.floor:.3f} stay hidden"
            return f"cannot be resolved by more seeds alone: {floor}{hope}"
        bounds = ["no number" if np.isinf(end) else _count(end) for end in (self.low, self.high)]
        return f"{_count(self.number)} a side (80 %: {' to '.join(bounds)})"


def seeds_needed(
    difference: float, spread: Spread, seeds: int, rng: np.random.Generator, problems: Problems = "sampled"
) -> SeedsNeeded:
    """The number of seeds for a true difference as large as the measured one.

    Args:
        spread: of the difference, from `seeds` seeds on the smaller side; scalars or of shape (1,).
        rng: draws the uncertainty of the spread.
    """
    nan = float("nan")
    if not spread.seeds_known:
        return SeedsNeeded(nan, nan, nan, nan, "not known: one seed shows no spread between seeds")
    if abs(difference) <= ROUNDING:
        return SeedsNeeded(nan, nan, nan, nan, "not known: no difference was measured")
    if check(problems) == "sampled" and not np.isfinite(spread.problems).all():
        return SeedsNeeded(nan, nan, nan, nan, "not known: one problem shows no spread between problems")
    a, b = _components(spread, problems, 1.0, 1.0, 1.0)
    size = abs(difference)
    number = _smallest(size, a, b, spread, seeds)
    chi = [_factor(df, rng) for df in (spread.seeds_df, spread.problems_df, spread.within_df)]
    drawn = _smallest(size, *_components(spread, problems, *chi), spread, seeds)
    low, high = np.quantile(drawn, RANGE, method="nearest")
    return SeedsNeeded(float(number[0]), float(low), float(high), float(_normal() * np.sqrt(b[0])))


def _components(
    spread: Spread, problems: Problems, of_seeds: Floats | float, of_problems: Floats | float, of_within: Floats | float
) -> tuple[Floats, Floats]:
    """A and B (draws,), from mean squares that are scaled by their draws; a component below 0 counts as 0."""
    unit, within_unit = np.ravel(spread.seed_unit) * of_seeds, np.ravel(spread.within_unit) * of_within
    measured, within = np.ravel(spread.problems) * of_problems, np.ravel(spread.within) * of_within
    if problems == "fixed":
        return unit, np.zeros_like(unit)
    return np.maximum(unit, within_unit), np.maximum(measured - within, 0.0)


def _smallest(size: float, a: Floats, b: Floats, spread: Spread, seeds: int) -> Floats:
    """(draws,) the smallest S from 2 to MOST that is enough, MOST + 1 or infinity; bisection, for it is monotone."""
    low, high = np.full(a.shape, 1), np.full(a.shape, MOST + 1)  # low is not enough, high may be
    while np.any(high - low > 1):
        middle = (low + high) // 2
        enough = (_detectable(middle, a, b, spread, seeds) <= size) & (middle > low)
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.where(_normal() * np.sqrt(b) >= size, np.inf, high.astype(np.float64))


def _detectable(count: NDArray[np.int64], a: Floats, b: Floats, spread: Spread, seeds: int) -> Floats:
    """(draws,) smallest difference that `count` seeds a side find with the power POWER."""
    of_seeds_df = float(np.ravel(spread.seeds_df)[0]) / (seeds - 1) * np.maximum(count - 1, 1)
    problems_df = np.broadcast_to(np.ravel(spread.problems_df)[0], a.shape)
    parts = np.stack([a / count, b])
    df = satterthwaite(parts, np.stack([of_seeds_df, problems_df]))
    df = np.where(df > 0, df, student.NORMAL_FROM)
    inverse, quantiles = _quantiles()
    found: Floats = np.interp(1 / df, inverse, quantiles) * np.sqrt(parts.sum(axis=0))
    return found


@cache
def _quantiles() -> tuple[Floats, Floats]:
    """1/df, rising, and t[.975] + t[.80] there: read between, which is right to 1e-4, and much quicker."""
    inverse = np.linspace(0, 1, 501)
    df = 1 / inverse[1:]
    of_t = student.quantile(1 - SIGNIFICANCE / 2, df) + student.quantile(POWER, df)
    return inverse, np.concatenate([[_normal()], of_t])


def _factor(df: Floats, rng: np.random.Generator) -> Floats:
    """(DRAWS,) ratio of a true mean square to a measured one with `df` degrees of freedom."""
    freedom = float(np.ravel(df)[0])
    return freedom / rng.chisquare(freedom, DRAWS) if freedom > 0 else np.ones(DRAWS)


def _normal() -> float:
    return NormalDist().inv_cdf(1 - SIGNIFICANCE / 2) + NormalDist().inv_cdf(POWER)


def _count(number: float) -> str:
    return f"more than {MOST:,} seeds" if number > MOST else f"{number:.0f} seeds"
