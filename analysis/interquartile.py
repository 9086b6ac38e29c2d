"""The interquartile mean over seeds: the mean of the middle half, robust to one run that went astray.

Definition for few seeds: the S sorted values share the interval [0, 1] equally, and a value counts with the part of
its share that lies in [1/4, 3/4]. For S divisible by 4 this leaves out the lowest and highest quarter (Agarwal et al.
2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", who pool runs and tasks); 3 seeds weigh
1/6, 2/3, 1/6; with 1 or 2 seeds it is the mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.variance import Spread, residual_square
from harness.errors import InputError

Floats = NDArray[np.float64]
FEWEST_SEEDS = 4
"""With fewer seeds than this it is (nearly) the mean, and tables and figures do not show it."""


def interquartile_mean(values: ArrayLike) -> Floats:
    """Interquartile mean over the last axis (..., S), one value a seed.

    Raises:
        InputError: no value, or NaN among them.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim == 0 or not found.size or np.isnan(found).any():
        raise InputError(
            "an interquartile mean takes at least one number, none NaN",
            f"{found!r}",
            "Leave out the runs without the number, and say so.",
        )
    mean: Floats = np.sort(found, axis=-1) @ weights(found.shape[-1])
    return mean


def weights(seeds: int) -> Floats:
    """(S,) weights of sorted values, which sum to 1."""
    edges = np.clip(np.arange(seeds + 1) / seeds, 0.25, 0.75)
    shares: Floats = 2 * np.diff(edges)
    return shares


def of_interquartile(table: Floats) -> Spread:
    """Spread of the interquartile mean over seeds of `table` (..., S, P), each seed by its mean over the problems.

    The part of the seeds is by the jackknife (with S - 1 degrees of freedom; for 2 and 3 seeds it equals that of
    the mean); the part of the problems takes the seeds' weights as given.
    """
    count, width = table.shape[-2:]
    by_seed = table.mean(axis=-1)
    shares = np.empty(by_seed.shape)
    np.put_along_axis(shares, np.argsort(by_seed, axis=-1, kind="stable"), weights(count), axis=-1)
    weighed = np.einsum("...s,...sp->...p", shares, table)
    problems = weighed.var(axis=-1, ddof=1) / width if width > 1 else np.full(by_seed.shape[:-1], np.nan)
    nothing = np.zeros(by_seed.shape[:-1])
    if count == 1:
        seeds, within = nothing, nothing
    else:
        without = np.stack([interquartile_mean(np.delete(by_seed, s, axis=-1)) for s in range(count)], axis=-1)
        seeds = (count - 1) * without.var(axis=-1)
        within = residual_square(table) * (shares**2).sum(axis=-1) / width if width > 1 else nothing
    df = [np.full(nothing.shape, float(of)) for of in (count - 1, width - 1, (count - 1) * (width - 1))]
    return Spread(seeds, df[0], problems, df[1], within, df[2], seeds * count, within * count, count > 1)
