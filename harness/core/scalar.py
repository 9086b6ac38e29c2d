"""From token advantages, as trainers store them, to the one scalar per rollout that the filter needs."""

import numpy as np

from harness.core.ragged import Ragged
from harness.core.types import FloatArray
from harness.errors import InputError


def scalar_advantages(token_advantages: Ragged) -> FloatArray:
    """Advantages (N,) of the advantages of the response tokens.

    A row without tokens gets 0: it carries no gradient. Raises InputError for an advantage that varies over
    a rollout's tokens (as under GAE), for which acceptance by rollout has no meaning, and for NaN.
    """
    low, high = token_advantages.extremes()
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
    return low
