"""The t interval and the p-value of an estimate, from its spread over seeds and problems."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis import student
from analysis.variance import Problems, Spread

Floats = NDArray[np.float64]

LEVEL = 0.95
ROUNDING = 1e-12
"""A bound or a difference this close to 0 is 0: sums of rates are not exact, and rounding must not decide a verdict."""


def bounds(value: Floats, spread: Spread, level: float, problems: Problems) -> tuple[Floats, Floats]:
    """Lower and upper bound of the t interval; any shape, NaN where the variance is not known."""
    variance, df = spread.variance(problems)
    # a variance of 0 has no degrees of freedom, and an interval of no length whatever they are
    half = np.where(variance == 0, 0.0, student.quantile((1 + level) / 2, np.where(df > 0, df, np.nan)))
    half = half * np.sqrt(variance)
    return value - half, value + half


def p_values(value: Floats, spread: Spread, problems: Problems) -> Floats:
    """Two-sided p of the hypothesis that the estimated quantity is 0, by t; any shape."""
    variance, df = spread.variance(problems)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = student.two_sided(np.abs(value) / np.sqrt(variance), np.where(df > 0, df, np.nan))
    p = np.where(variance == 0, 0.0, p)
    return np.where((np.abs(value) <= ROUNDING) & ~np.isnan(variance), 1.0, p)
