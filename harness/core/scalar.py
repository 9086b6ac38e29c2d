"""From token advantages, as trainers store them, to the one scalar per rollout that the filter needs."""

import numpy as np

from harness.core.types import BoolArray, FloatArray
from harness.errors import InputError


def scalar_advantages(token_advantages: FloatArray, mask: BoolArray) -> FloatArray:
    """Advantages (N,) of token advantages (N, T) under the response mask (N, T), nonzero on response tokens.

    A row without tokens gets 0: it carries no gradient. Raises InputError for an advantage that varies over
    a rollout's tokens (as under GAE), for which acceptance by rollout has no meaning, and for NaN.
    """
    values = np.asarray(token_advantages, dtype=np.float64)
    inside = np.asarray(mask).astype(np.bool_)
    if values.ndim != 2 or values.shape != inside.shape:
        raise InputError(
            "token advantages and mask must have one shape (N, T)",
            f"{values.shape} and {inside.shape}",
            "Take both from the same batch.",
        )
    low = np.where(inside, values, np.inf).min(axis=1, initial=np.inf)
    high = np.where(inside, values, -np.inf).max(axis=1, initial=-np.inf)
    if np.isnan(low).any():
        raise InputError("token advantages must be finite", "nan", "Find the source of the NaN.")
    varying = np.flatnonzero(high > low)
    if varying.size:
        row = varying[0]
        raise InputError(
            "the filter needs one advantage per rollout, the same on all its tokens",
            f"{low[row]:g} to {high[row]:g} in row {row} ({varying.size} such rows)",
            "Use an outcome-reward estimator, e.g. grpo.",
        )
    return np.where(inside.any(axis=1), low, 0.0)
