"""Algorithm 1's rejection of rollouts: the sign and size of the advantage decide what enters the update."""

import numpy as np

from harness.core.check import at_least, direction, vector
from harness.core.scalar import scalar_advantages
from harness.core.types import BoolArray, FloatArray

__all__ = ["accept", "acceptance", "scalar_advantages"]


def acceptance(advantages: FloatArray, m: int, gamma: float) -> FloatArray:
    """Acceptance probabilities (N,) = min(1, exp(gamma m A)) of rollouts with advantages A (N,).

    m: +1 entropy is above the band (rollouts with A < 0 are rejected), -1 below (A > 0), 0 inside (none).
    gamma (dimensionless): 0 accepts all; inf rejects every rollout with A m < 0. A = 0 is always accepted.
    Raises InputError for a negative or NaN gamma and for NaN advantages. Source: paper, Algorithm 1.
    """
    advantages = vector("advantages", advantages)
    at_least("gamma", gamma, 0.0)
    signed = direction(m) * advantages
    if np.isinf(gamma):
        return np.where(signed < 0, 0.0, 1.0)
    return np.exp(gamma * np.minimum(signed, 0.0))


def accept(advantages: FloatArray, m: int, gamma: float, rng: np.random.Generator) -> BoolArray:
    """Which of the rollouts (N,) are kept: u <= acceptance probability, u uniform.

    One u a rollout is drawn in row order, in every case, so that the draws of later rows never depend on
    earlier decisions. u is in (0, 1], which makes P(kept) exact at the probabilities 0 and 1.
    """
    probability = acceptance(advantages, m, gamma)
    return 1.0 - rng.random(probability.shape[0]) <= probability
