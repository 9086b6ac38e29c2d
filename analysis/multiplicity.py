"""Correction of p-values for the number of comparisons in a table: Holm's step-down procedure."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.errors import InputError

CORRECTION = "Holm"


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """Adjusted p-values, same order; with adjusted p < .05 the chance of any false rejection is at most 5 %.

    The i-th smallest of m is multiplied by m - i + 1, capped at 1 and never below the one before (Holm 1979, "A
    Simple Sequentially Rejective Multiple Test Procedure"). NaN (no comparison) stays NaN and is not counted in m.

    Raises:
        InputError: not one axis, or a value outside [0, 1].
    """
    raw = np.asarray(p, dtype=np.float64)
    if raw.ndim != 1 or np.any((raw < 0) | (raw > 1)):
        raise InputError("p-values are a list of numbers in [0, 1], or NaN", f"{raw!r}", "Leave the others out.")
    adjusted = np.full(raw.shape, np.nan)
    order = np.argsort(raw, kind="stable")[: int(np.isfinite(raw).sum())]  # NaN sorts last
    steps = raw[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return adjusted
