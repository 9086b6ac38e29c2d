"""Student's t distribution for any positive degrees of freedom, whole or not, by NumPy alone.

The tail is the regularised incomplete beta function, summed as its continued fraction (Abramowitz and Stegun 1964,
26.5.8, and 26.5.27 for its relation to t); the quantile is found from the tail by Newton's method.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import InputError

Floats = NDArray[np.float64]

NORMAL_FROM = 1e5
"""From these degrees of freedom on t is taken at this many: its quantiles up to .975 then differ by less than 3e-5."""


def two_sided(t: ArrayLike, df: ArrayLike) -> Floats:
    """P(|T| >= |t|) for T with `df` > 0 degrees of freedom; broadcast, NaN where either is NaN.

    Raises:
        InputError: degrees of freedom that are not above 0.
    """
    size, freedom = np.broadcast_arrays(np.abs(np.asarray(t, dtype=np.float64)), _freedom(df))
    x = freedom / (freedom + size**2)
    a, half = freedom / 2, np.full_like(freedom, 0.5)
    near = x > (a + 1) / (a + 2.5)  # where the fraction of the mirrored integral converges faster
    tail = _beta(np.where(near, half, a), np.where(near, a, half), np.where(near, size**2 / (freedom + size**2), x))
    return np.where(near, 1.0 - tail, tail)


def quantile(probability: float, df: ArrayLike) -> Floats:
    """The t with P(T <= t) = `probability`, from .5 up to but without 1; shape of `df`, NaN where that is NaN.

    Raises:
        InputError: another probability, or degrees of freedom that are not above 0.
    """
    if not 0.5 <= probability < 1:
        raise InputError("a quantile of t is asked for from .5 to below 1", f"{probability}", "Use its symmetry.")
    freedom = np.atleast_1d(_freedom(df))
    tail = 2 * (1 - probability)
    t = np.full_like(freedom, NormalDist().inv_cdf(probability))  # never above t's own: Newton climbs from the left
    for _ in range(200):
        step = (two_sided(t, freedom) - tail) / (2 * _density(t, freedom))
        t = t + np.nan_to_num(step)
        if np.all(np.abs(np.nan_to_num(step)) <= 1e-8 * (1 + t)):
            break
    return np.where(np.isnan(freedom), np.nan, t).reshape(np.shape(df))


def _freedom(df: ArrayLike) -> Floats:
    freedom = np.asarray(df, dtype=np.float64)
    if np.any(freedom <= 0):
        raise InputError("t has degrees of freedom above 0", f"{freedom.min()}", "One value has no variance.")
    return np.minimum(freedom, NORMAL_FROM)


def _density(t: Floats, df: Floats) -> Floats:
    log = _log_gamma((df + 1) / 2) - _log_gamma(df / 2) - 0.5 * np.log(df * np.pi)
    density: Floats = np.exp(log - (df + 1) / 2 * np.log1p(t**2 / df))
    return density


def _beta(a: Floats, b: Floats, x: Floats) -> Floats:
    """Regularised incomplete beta I_x(a, b) for x below (a + 1) / (a + b + 2)."""
    largest = float(np.nanmax(np.maximum(a, b), initial=1.0))
    value = np.ones_like(x)
    for m in range(30 + int(3 * math.sqrt(largest)), -1, -1):  # from the innermost level out
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        value = 1 + odd / value
        if m:
            value = 1 + m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)) / value
    with np.errstate(divide="ignore"):
        log = a * np.log(x) + b * np.log1p(-x) + _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b)
    found: Floats = np.exp(log) / (a * value)
    return found


_log_gamma = np.vectorize(math.lgamma, otypes=[np.float64])
