"""What the tokens of a batch look like, for the checks of the paper's theory (Theorems 1 and 2, Fig. 2b)."""

import numpy as np

from harness.core.check import same_length, vector
from harness.core.conditions import sign_conditions
from harness.core.ragged import Ragged
from harness.core.types import FloatArray
from harness.errors import InputError

QUANTILE_TOKENS = 65_536
"""Quantiles are of at most this many tokens, spread evenly over the batch: sorting all costs more than the step's
other numbers together."""


def token_summary(log_prob: Ragged, entropy: Ragged, advantages: FloatArray, rewards: FloatArray) -> dict[str, float]:
    """Metrics of the log-probabilities and entropies of the response tokens, nats, before the update.

    actor/log_prob_positive, log_prob_negative: mean over rollouts with a reward above 0, and of the others, of the
    mean log-probability of their tokens (Fig. 2b); absent where there are none. tokens/surplus_mean, surplus_std: of
    log p + H, by which a sampled token exceeds the expectation under the policy; its mean is 0 in expectation when
    rollouts come from the policy that scores them. tokens/surplus_covariance: of the estimator's advantages (N,) with
    it, over tokens; the first-order change of entropy has the opposite sign. tokens/log_prob_p10, log_prob_p50,
    entropy_p50, entropy_p90: quantiles. tokens/above*, rollouts/*: see `harness.core.conditions`.
    Raises InputError for unequal lengths, and when no token is left.
    """
    advantages, rewards, lengths = vector("advantages", advantages), vector("rewards", rewards), log_prob.lengths
    same_length(lengths=lengths, advantages=advantages, rewards=rewards)
    if not np.array_equal(lengths, entropy.lengths):
        raise InputError("log-probabilities and entropies must be of the same tokens", "other lengths", "Score both.")
    if not lengths.any():
        raise InputError("a batch must have response tokens", "none", "Check the generation and its mask.")
    tokens = int(lengths.sum())
    surplus = log_prob.values + entropy.values
    rows = log_prob.sums() + entropy.sums()
    mean = float(rows.sum()) / tokens
    variance = float(np.dot(surplus, surplus)) / tokens - mean**2
    centred = advantages - float(advantages @ lengths) / tokens
    every = max(1, -(-tokens // QUANTILE_TOKENS))
    p10, p50 = np.quantile(log_prob.values[::every], (0.1, 0.5))
    h50, h90 = np.quantile(entropy.values[::every], (0.5, 0.9))
    return {
        **_log_likelihoods(log_prob, rewards),
        "tokens/surplus_mean": mean,
        "tokens/surplus_std": max(variance, 0.0) ** 0.5,
        "tokens/surplus_covariance": float(centred @ (rows - mean * lengths)) / tokens,
        "tokens/log_prob_p10": float(p10),
        "tokens/log_prob_p50": float(p50),
        "tokens/entropy_p50": float(h50),
        "tokens/entropy_p90": float(h90),
        **sign_conditions(log_prob, entropy, advantages),
    }


def _log_likelihoods(log_prob: Ragged, rewards: FloatArray) -> dict[str, float]:
    per_token = log_prob.sums() / np.maximum(log_prob.lengths, 1)
    answered = log_prob.lengths > 0
    groups = {"positive": (rewards > 0) & answered, "negative": (rewards <= 0) & answered}
    return {f"actor/log_prob_{name}": float(per_token[rows].mean()) for name, rows in groups.items() if rows.any()}
