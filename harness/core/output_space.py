"""The output-space baseline of a sampled token (the paper, Eq. 4, Theorems 1 and 2), in four versions.

To first order an update that moves the probabilities p of one position by dp changes their entropy by
-dp_k (log p_k - B), with k the sampled token and B = -sum_{i != k} (dp_i / dp_k) log p_i its baseline, if the dp sum to
0. What dp is, the versions answer differently:

authors      dp_k = 1e-2 and dp_i = -1e-6 for all others, as the paper's authors measure it. These sum to 0 only in a
             vocabulary of 10,001 tokens; with 151,936 the others lose 15 times what k gains.
conserving   dp_i = -dp_k / (V - 1): what k gains, all others lose in equal parts.
logit        only the logit of k moves: dp_i = -p_i p_k. Then B = E[log p_i | i != k], and the margin log p_k - B is
             (log p_k + H) / (1 - p_k), with H the entropy.
gradient     the logits move along the policy gradient e_k - p: dp_i = p_i (1[i = k] - p_i - p_k + sum_j p_j^2). Then
             dp_k (log p_k - B) = w_k - E[w] with w_j = p_j (log p_j + H), so that its mean over k drawn from p is 0.

Everything is computed from the probabilities q of the other tokens among themselves and from the odds of k, so that a
p_k that rounds to 1 has its baseline too: in these, the margin of `logit` is log(p_k / (1 - p_k)) + H(q).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harness.core.check import finite, labels
from harness.core.types import FloatArray, IntArray
from harness.errors import InputError

VERSIONS = ("authors", "conserving", "logit", "gradient")
AUTHORS_SAMPLED, AUTHORS_OTHER = 1e-2, -1e-6
"""The authors' dp of the sampled token and of every other one."""
AUTHORS_TEMPERATURE = 0.6
VALUES_AT_ONCE = 1 << 22
"""Logits that are worked on at once: 27 positions of a vocabulary of 151,936, two copies of 32 MiB."""
LEAST_LOG_PROB = -690.0
"""Below it 1 / p_k, which the version `gradient` needs, is beyond float64."""


@dataclass(frozen=True, eq=False)
class TokenBaselines:
    """Of R sampled tokens, all (R,): log_prob and entropy, nats; the baseline of each version, nats.

    change_logit, change_gradient: the first-order change of the position's entropy for a unit step of the logits in
    that direction, nats; -dp_k (log_prob - baseline).
    """

    log_prob: FloatArray
    entropy: FloatArray
    authors: FloatArray
    conserving: FloatArray
    logit: FloatArray
    gradient: FloatArray
    change_logit: FloatArray
    change_gradient: FloatArray

    @property
    def baselines(self) -> Mapping[str, FloatArray]:
        """By the names of VERSIONS."""
        return {version: getattr(self, version) for version in VERSIONS}

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Of the tokens of all parts, in order; at least one part."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))


def positions_at_once(vocabulary: int) -> int:
    """How many positions' logits a caller should hold at a time: at most VALUES_AT_ONCE numbers, at least 1."""
    return max(1, VALUES_AT_ONCE // vocabulary)


def token_baselines(logits: NDArray[Any], sampled: IntArray, temperature: float = 1.0) -> TokenBaselines:
    """The baselines of the tokens `sampled` (R,) under the softmax of `logits` (R, V) / temperature, V >= 2, R >= 1.

    Memory beyond the arguments is bounded, whatever R is. Raises InputError for other shapes, logits that are not
    finite, tokens outside the vocabulary, a temperature that is not above 0, and a token of a probability below 1e-299.
    """
    logits, sampled = np.asarray(logits), labels("sampled tokens", sampled)
    if finite("the temperature", temperature) <= 0:
        raise InputError("the temperature must be above 0", repr(temperature), "Give e.g. 0.6.")
    if logits.ndim != 2 or logits.shape[0] != sampled.size or logits.shape[1] < 2 or not sampled.size:
        raise InputError(
            "logits must have shape (R, V) for R >= 1 sampled tokens and V >= 2",
            f"logits of shape {logits.shape}, {sampled.size} tokens",
            "Give one row of logits for each token.",
        )
    if sampled.min() < 0 or sampled.max() >= logits.shape[1]:
        raise InputError(
            "a sampled token must be of the vocabulary",
            f"tokens {sampled.min()} to {sampled.max()}, {logits.shape[1]} logits",
            "Use the tokenizer of the model.",
        )
    return TokenBaselines.joined([_few(logits[rows], sampled[rows], temperature) for rows in _blocks(logits)])


def _blocks(logits: NDArray[Any]) -> Iterator[slice]:
    step = positions_at_once(logits.shape[1])
    return (slice(first, first + step) for first in range(0, len(logits), step))


def _few(logits: NDArray[Any], sampled: IntArray, temperature: float) -> TokenBaselines:
    """The same of a block. z: logits of the others less their maximum; e: their exponentials, 0 for the sampled."""
    z = logits.astype(np.float64) / temperature
    if not np.isfinite(z).all():
        raise InputError("logits must be finite", "nan or inf", "Check the model's weights; masked logits have no log.")
    rows, others = np.arange(len(z)), z.shape[1] - 1
    own = z[rows, sampled]
    z[rows, sampled] = -np.inf
    top = z.max(axis=1)
    z -= top[:, None]
    e = np.exp(z)
    z[rows, sampled] = 0.0
    total = e.sum(axis=1)
    log_total = np.log(total)
    odds = own - top - log_total
    log_prob, log_rest = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
    if (log_prob < LEAST_LOG_PROB).any():
        raise InputError(
            "a sampled token must have a probability above 1e-299",
            f"a log-probability of {log_prob.min():.0f} at temperature {temperature:g}",
            "Score the response at a higher temperature, or with the model that it is of.",
        )
    p, rest = np.exp(log_prob), np.exp(log_rest)
    # means over the others: E[log q], sum of q^2, and sum of q^2 log q
    log_q = np.einsum("rv,rv->r", e, z) / total - log_total
    q2 = np.einsum("rv,rv->r", e, e) / total**2
    q2_log_q = np.einsum("rv,rv,rv->r", e, e, z) / total**2 - q2 * log_total
    summed = z.sum(axis=1) + others * (log_rest - log_total)
    logit = log_rest + log_q
    gradient = (q2_log_q + q2 * log_rest + (p - rest * q2) * logit) / (p * (1 + q2))
    return TokenBaselines(
        log_prob=log_prob,
        entropy=-p * log_prob - rest * logit,
        authors=-AUTHORS_OTHER / AUTHORS_SAMPLED * summed,
        conserving=summed / others,
        logit=logit,
        gradient=gradient,
        change_logit=-p * rest * (log_prob - logit),
        change_gradient=-p * rest**2 * (1 + q2) * (log_prob - gradient),
    )
