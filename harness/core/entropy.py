"""The entropy of a batch from the entropies of its tokens, by a named aggregation."""

import numpy as np

from harness.core.check import one_of
from harness.core.ragged import Ragged
from harness.errors import InputError

AGGREGATIONS = ("token-mean", "seq-mean-token-mean")


def aggregate(token_entropy: Ragged, aggregation: str) -> float:
    """Batch entropy, nats per token, of the entropies of the response tokens.

    "token-mean": the mean over all tokens, as in every released run; "seq-mean-token-mean": the mean over
    rollouts of each one's mean, the paper's formula; a rollout without tokens is left out.
    Raises InputError when no token is left, for NaN, and for an unknown aggregation.
    Source: paper, section 3; verl/trainer/ppo/core_algos.py, agg_loss.
    """
    one_of("the entropy aggregation", aggregation, AGGREGATIONS)
    tokens = token_entropy.lengths
    if not tokens.any():
        raise InputError("a batch must have response tokens", "none", "Check the generation and its mask.")
    sums = token_entropy.sums()
    if not np.isfinite(sums).all():
        raise InputError("token entropies must be finite", "nan or inf", "Check the policy's logits.")
    if aggregation == "token-mean":
        return float(sums.sum() / tokens.sum())
    answered = tokens > 0
    return float(np.mean(sums[answered] / tokens[answered]))
