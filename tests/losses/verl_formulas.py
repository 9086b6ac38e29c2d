"""The losses of verl as loops over Python floats, written from the formulas alone.

Sources: verl/trainer/ppo/core_algos.py, functions `compute_policy_loss_vanilla`, `compute_policy_loss_gspo`,
`compute_policy_loss_clip_cov`, `kl_penalty_forward` (low_var_kl) and `agg_loss`; trl/trainer/grpo_trainer.py,
`_compute_loss`, has the same surrogate and the same k3. Rows: one list of floats a rollout, without padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Rows = list[list[float]]


@dataclass(frozen=True)
class Token:
    """loss: the surrogate; slope: its derivative by the log-probability; clipped, lower: verl's flags."""

    loss: float
    slope: float
    clipped: bool
    lower: bool


def vanilla(log_prob: float, old: float, advantage: float, low: float, high: float, dual: float | None) -> Token:
    """One token of `compute_policy_loss_vanilla`."""
    ratio = math.exp(max(-20.0, min(20.0, log_prob - old)))
    return _clip(ratio, advantage, low, high, dual)


def gspo(log_probs: list[float], olds: list[float], advantage: float, low: float, high: float) -> list[Token]:
    """One row of `compute_policy_loss_gspo`: the geometric mean of the row's ratios stands at each token."""
    mean = sum(new - old for new, old in zip(log_probs, olds, strict=True)) / len(log_probs)
    return [_clip(math.exp(min(10.0, mean)), advantage, low, high, None)] * len(log_probs)


def _clip(ratio: float, advantage: float, low: float, high: float, dual: float | None) -> Token:
    plain = -advantage * ratio
    bounded = -advantage * max(1 - low, min(1 + high, ratio))
    loss, slope = (bounded, 0.0) if bounded > plain else (plain, plain)
    lower = dual is not None and advantage < 0 and loss > -advantage * dual
    if lower:
        assert dual is not None
        loss, slope = -advantage * dual, 0.0
    return Token(loss, slope, bounded > plain, lower)


def k3(log_prob: float, reference: float) -> float:
    """`kl_penalty_forward` with low_var_kl."""
    difference = max(-20.0, min(20.0, reference - log_prob))
    return max(-10.0, min(10.0, math.exp(difference) - difference - 1))


def token_mean(values: Rows) -> float:
    """`agg_loss` with token-mean."""
    return sum(map(sum, values)) / sum(map(len, values))


def seq_mean_token_mean(values: Rows) -> float:
    """`agg_loss` with seq-mean-token-mean."""
    return sum(sum(row) / len(row) for row in values) / len(values)


def eq5(values: Rows, questions: list[int], kept: list[bool]) -> float:
    """The paper's Eq. 5: the mean over questions of the mean of their kept rollouts' token sums."""
    per_question: dict[int, list[float]] = {}
    for row, question, keep in zip(values, questions, kept, strict=True):
        if keep:
            per_question.setdefault(question, []).append(sum(row))
    return sum(sum(sums) / len(sums) for sums in per_question.values()) / len(per_question)


def clip_cov_candidates(
    log_probs: Rows, advantages: list[float], clipped: list[list[bool]], low: float, high: float
) -> list[tuple[int, int]]:
    """(row, position) of the tokens that `compute_policy_loss_clip_cov` may remove, in row-major order."""
    mean_advantage = token_mean([[a] * len(row) for a, row in zip(advantages, log_probs, strict=True)])
    mean_log_prob = token_mean(log_probs)
    found = []
    for i, (row, advantage) in enumerate(zip(log_probs, advantages, strict=True)):
        for t, log_prob in enumerate(row):
            covariance = (advantage - mean_advantage) * (log_prob - mean_log_prob)
            if low < covariance < high and not clipped[i][t]:
                found.append((i, t))
    return found
