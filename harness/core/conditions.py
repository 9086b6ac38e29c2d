"""The conditions of Theorems 1 and 2 on the tokens of a batch, from log-probability and entropy alone.

In the version `logit` of `harness.core.output_space` a sampled token is above its baseline when log p + H > 0, which
is so for every p > 1/2. The entropy of a position then changes, per unit step of the sampled token's logit, by
-p (log p + H) to first order, and that of a rollout by the sum over its tokens.
"""

from __future__ import annotations

import numpy as np

from harness.core.ragged import Ragged
from harness.core.types import BoolArray, FloatArray

SURE = float(np.log(0.5))
"""Above it the condition holds exactly; in float32 log p + H of a sure token may round to 0."""


def sign_conditions(log_prob: Ragged, entropy: Ragged, advantages: FloatArray) -> dict[str, float]:
    """Metrics of the same tokens' log-probabilities and entropies, and of advantages (N,): shares in [0, 1].

    tokens/above: of the tokens with log p + H > 0, by which Theorem 1 says that the entropy falls with A > 0 and
    rises with A < 0; above_positive, above_negative: of the tokens of rollouts with A > 0, with A < 0, absent where
    there are none. rollouts/above and so on: of the rollouts with tokens, of those whose sum of p (log p + H) is
    above 0 (Theorem 2, its tokens weighted as in Eq. 11). rollouts/first_order_change: minus the mean over tokens
    of A p (log p + H), whose sign is the predicted one of the batch's change of entropy.
    """
    surplus = log_prob.values + entropy.values
    above = Ragged(((surplus > 0) | (log_prob.values > SURE)).astype(np.float64), log_prob.lengths).sums()
    falls = Ragged(np.exp(log_prob.values) * surplus, log_prob.lengths).sums()
    lengths = log_prob.lengths
    metrics = {}
    for name, rows in _groups(advantages, lengths > 0).items():
        if rows.any():
            metrics[f"tokens/above{name}"] = float(above[rows].sum() / lengths[rows].sum())
            metrics[f"rollouts/above{name}"] = float(np.mean(falls[rows] > 0))
    metrics["rollouts/first_order_change"] = -float(advantages @ falls) / int(lengths.sum())
    return metrics


def _groups(advantages: FloatArray, answered: BoolArray) -> dict[str, BoolArray]:
    return {"": answered, "_positive": answered & (advantages > 0), "_negative": answered & (advantages < 0)}
