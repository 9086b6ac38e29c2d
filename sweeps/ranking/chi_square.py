"""Quantiles of the chi-square distribution, by the standard library alone."""

from __future__ import annotations

import math

from harness.errors import InputError


def quantile(probability: float, df: int) -> float:
    """The x with P(X <= x) = `probability`, to a relative error of 1e-9.

    Raises:
        InputError: a probability outside (0, 1), or degrees of freedom below 1.
    """
    if not 0 < probability < 1 or df < 1:
        raise InputError("a quantile of chi-square needs 0 < p < 1 and df >= 1", f"p {probability}, df {df}")
    low, high = 0.0, float(df)
    while cumulated(high, df) < probability:
        low, high = high, 2 * high
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if cumulated(middle, df) < probability else (low, middle)
    return (low + high) / 2


def cumulated(x: float, df: int) -> float:
    """P(X <= x): the power series of the incomplete gamma function (Abramowitz and Stegun 1964, 6.5.29)."""
    if x <= 0:
        return 0.0
    a, half = df / 2, x / 2
    term = total = 1.0
    count = 0
    while term > 1e-17 * total:
        count += 1
        term *= half / (a + count)
        total += term
    return min(1.0, math.exp(a * math.log(half) - half - math.lgamma(a + 1) + math.log(total)))
