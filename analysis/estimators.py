"""Point estimates over plain NumPy arrays: mean@n, and how well a run followed its band.

Shapes: P problems, T steps. Entropies are in nats per token. Intervals are in `analysis.bootstrap`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import AnalysisError, InputError

Floats = NDArray[np.float64]

FIRST_TRACKED_STEP = 21
"""Tracking is judged over steps 21..T of every run: no settling time is chosen run by run."""


def mean_at_n(correct: ArrayLike, n: int) -> Floats:
    """Mean correctness of each problem over exactly n samples.

    Args:
        correct: (P, n) booleans or 0/1.
        n: samples that every problem must have.
    Returns:
        (P,) float64 in [0, 1].
    Raises:
        AnalysisError: the second axis is not n.
        InputError: a value is neither 0 nor 1.
    """
    values = np.asarray(correct, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != n:
        raise AnalysisError(
            f"mean@{n} is over exactly {n} samples of each problem, shape (P, {n})",
            f"shape {values.shape}",
            "Name the n that was drawn, or draw that many.",
        )
    graded = (values == 0) | (values == 1)
    if not graded.all():
        raise InputError(
            "correctness is 0 or 1",
            f"{values[~graded][0]}",
            "Grade every sample; a grader that failed is not a wrong answer.",
        )
    means: Floats = values.mean(axis=1)
    return means


def tracking_error(entropy: ArrayLike, middle: ArrayLike, first_step: int = FIRST_TRACKED_STEP) -> float:
    """Mean of |H - middle of the band| over steps `first_step`..T, in nats per token.

    Args:
        entropy: (T,) measured entropy of steps 1..T.
        middle: (T,) or scalar, middle of the band asked for.
    Returns:
        NaN when there is no such step or one of them was not measured: a gap is never averaged away.
    """
    measured, wanted = _tail(first_step, entropy, middle)
    return _mean(np.abs(measured - wanted))


def band_distance(entropy: ArrayLike, low: ArrayLike, high: ArrayLike, first_step: int = FIRST_TRACKED_STEP) -> float:
    """Mean distance to the band (0 inside it) over steps `first_step`..T, in nats per token; (T,) each."""
    measured, lower, upper = _tail(first_step, entropy, low, high)
    return _mean(np.maximum(np.maximum(lower - measured, measured - upper), 0.0))


def time_in_band(entropy: ArrayLike, low: ArrayLike, high: ArrayLike, first_step: int = FIRST_TRACKED_STEP) -> float:
    """Share of steps `first_step`..T with low <= H <= high, in [0, 1]; (T,) each.

    A band of width 0 is met with probability 0: read the tracking error there.
    """
    measured, lower, upper = _tail(first_step, entropy, low, high)
    inside = ((lower <= measured) & (measured <= upper)).astype(np.float64)
    inside[np.isnan(measured) | np.isnan(lower) | np.isnan(upper)] = np.nan
    return _mean(inside)


def _tail(first_step: int, *curves: ArrayLike) -> list[Floats]:
    """The curves from `first_step` on; index 0 of a curve is step 1."""
    arrays = np.broadcast_arrays(*(np.asarray(curve, dtype=np.float64) for curve in curves))
    return [array[first_step - 1 :] for array in arrays]


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")
